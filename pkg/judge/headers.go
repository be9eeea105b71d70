package judge

import (
	"crypto/sha256"
	"fmt"
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

// Named returns the headers with an id: their own, or, where that is missing or damaged, one made of the record's place,
// so that each quarantined record is an event of its own.
func (h Headers) Named(topic string, partition int32, offset int64) Headers {
	if _, err := transfer.ParseID(h.ID); err == nil {
		return h
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", topic, partition, offset))
	h.ID = transfer.ID(sum[:len(transfer.ID{})]).Append(nil)
	return h
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
