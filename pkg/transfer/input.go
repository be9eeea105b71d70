package transfer

// field is a member of the contract. Its value is its place in the order of the contract.
type field uint8

const (
	fieldID field = iota
	fieldDirection
	fieldStage
	fieldCustomerID
	fieldCounterpartyCustomerID
	fieldNetwork
	fieldAsset
	fieldAssetID
	fieldContract
	fieldAmount
	fieldFiat
	fieldTxHash
	fieldOutputIndex
	fieldLogIndex
	fieldFrom
	fieldFromAmounts
	fieldTo
	fieldMemo
	fieldInitiator
	fieldEvidence
	fieldOccurredAt
	fieldCount
)

// shape is what kind of JSON value a member has.
type shape uint8

const (
	shapeText  shape = iota // a string
	shapeIndex              // an unsigned 32-bit integer
	shapeTexts              // an array of strings
	shapeFiat               // an object of two strings
)

// members describes the contract's members, by field.
var members = [fieldCount]struct {
	name  string
	shape shape
}{
	fieldID:                     {"id", shapeText},
	fieldDirection:              {"direction", shapeText},
	fieldStage:                  {"stage", shapeText},
	fieldCustomerID:             {"customer_id", shapeText},
	fieldCounterpartyCustomerID: {"counterparty_customer_id", shapeText},
	fieldNetwork:                {"network", shapeText},
	fieldAsset:                  {"asset", shapeText},
	fieldAssetID:                {"asset_id", shapeText},
	fieldContract:               {"contract", shapeText},
	fieldAmount:                 {"amount", shapeText},
	fieldFiat:                   {"fiat", shapeFiat},
	fieldTxHash:                 {"tx_hash", shapeText},
	fieldOutputIndex:            {"output_index", shapeIndex},
	fieldLogIndex:               {"log_index", shapeIndex},
	fieldFrom:                   {"from", shapeTexts},
	fieldFromAmounts:            {"from_amounts", shapeTexts},
	fieldTo:                     {"to", shapeTexts},
	fieldMemo:                   {"memo", shapeText},
	fieldInitiator:              {"initiator", shapeText},
	fieldEvidence:               {"evidence", shapeText},
	fieldOccurredAt:             {"occurred_at", shapeText},
}

// The members of fiat.
const (
	fiatAmount = iota
	fiatCurrency
	fiatCount
)

var fiatMembers = [fiatCount]string{fiatAmount: "amount", fiatCurrency: "currency"}

// fieldSet is a set of fields.
type fieldSet uint32

func (s fieldSet) has(f field) bool { return s&(1<<f) != 0 }
func (s *fieldSet) put(f field)     { *s |= 1 << f }

// input is what a body says, member by member, before anything is made of it. Both decoders fill it, and they must fill
// it alike.
type input struct {
	given fieldSet // the member is there
	wrong fieldSet // it is there, but not of its shape: reported already

	text  [fieldCount]string // of shapeText
	index [fieldCount]uint32 // of shapeIndex
	fiat  [fiatCount]string

	fiatGiven [fiatCount]bool
	fiatWrong [fiatCount]bool

	// Of shapeTexts. A list stops growing at MaxAddresses+1 elements, which is enough to see that it is too long.
	from, fromAmounts, to []string
}

// reset empties in and keeps its memory.
func (in *input) reset() {
	*in = input{from: in.from[:0], fromAmounts: in.fromAmounts[:0], to: in.to[:0]}
}

// list returns the elements of a member of shapeTexts.
func (in *input) list(f field) *[]string {
	switch f {
	case fieldFrom:
		return &in.from
	case fieldFromAmounts:
		return &in.fromAmounts
	default:
		return &in.to
	}
}
