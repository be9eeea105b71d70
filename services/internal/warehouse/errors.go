package warehouse

import (
	"errors"
	"fmt"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"sluice/services/recorder"
)

// aboutRows are the codes of exceptions that the rows themselves cause: the same rows will always cause them. Every
// other code is about the server, its load, its schema or the way there, and goes away.
var aboutRows = map[int32]bool{
	6:   true, // CANNOT_PARSE_TEXT
	26:  true, // CANNOT_PARSE_QUOTED_STRING
	27:  true, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
	33:  true, // CANNOT_READ_ALL_DATA
	38:  true, // CANNOT_PARSE_DATE
	41:  true, // CANNOT_PARSE_DATETIME
	53:  true, // TYPE_MISMATCH
	69:  true, // ARGUMENT_OUT_OF_BOUND
	70:  true, // CANNOT_CONVERT_TYPE
	72:  true, // CANNOT_PARSE_NUMBER
	117: true, // INCORRECT_DATA
	131: true, // TOO_LARGE_STRING_SIZE
	190: true, // SIZES_OF_ARRAYS_DONT_MATCH
	321: true, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
	349: true, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
	407: true, // DECIMAL_OVERFLOW
	469: true, // VIOLATED_CONSTRAINT
}

// classify makes an insert's error wrap recorder.ErrRefused when the rows are the reason.
func classify(err error) error {
	if ex := (*driver.Exception)(nil); errors.As(err, &ex) && aboutRows[ex.Code] {
		return fmt.Errorf("%w: %w", recorder.ErrRefused, err)
	}
	return err
}
