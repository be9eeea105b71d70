package judge

import (
	"strings"

	"sluice/pkg/event"
	"sluice/pkg/event/canonical"
	"sluice/pkg/transfer"
)

// Headers are what is known of a record beside its value.
type Headers struct {
	ID  []byte // the id header: 32 hexadecimal digits
	Key []byte // the record key: tenant/customer_id
}

// record is the least record there can be: for a fact whose value cannot be read. Its transfer has the customer alone.
// The id is zero when the header is damaged too.
func (h Headers) record() []byte {
	id, err := transfer.ParseID(h.ID)
	if err != nil {
		id = transfer.ID{}
	}
	tenant, customer, _ := strings.Cut(string(h.Key), "/")
	body := canonical.AppendString([]byte(`{"customer_id":`), customer)
	return event.AppendFact(nil, event.Fact{ID: id, Tenant: tenant, Transfer: append(body, '}')})
}
