package stream

import (
	"fmt"
	"strings"

	"sluice/schemas"
)

// TopicPlan is what must be done so that topics exist.
type TopicPlan struct {
	Partitions int             // of the customer-keyed topics
	Create     []schemas.Topic // with their partition counts filled in
	Existing   []string
}

// PlanTopics decides which topics to create with how many partitions, given the counts of those that exist: customer-keyed
// topics get the count of sluice.raw.v1, or of the ones that exist. Counts that differ are an ErrTopicMismatch, for
// then the records of a customer would not stay in one partition from hop to hop.
func PlanTopics(topics []schemas.Topic, existing map[string]int, opt EnsureOptions) (TopicPlan, error) {
	plan := TopicPlan{Partitions: existing[schemas.Raw]}
	for _, t := range topics {
		if n := existing[t.Name]; plan.Partitions == 0 && n > 0 && customerKeyed(t) {
			plan.Partitions = n
		}
	}
	if plan.Partitions == 0 {
		plan.Partitions = opt.Partitions
	}
	if plan.Partitions == 0 {
		plan.Partitions = schemas.DefaultPartitions
	}
	var missing, wrong []string
	for _, t := range topics {
		want := t.Partitions
		if want == 0 {
			want = plan.Partitions
		}
		n := existing[t.Name]
		if n > 0 && t.Partitions == 0 && !customerKeyed(t) {
			want = n // any count does
		}
		switch n {
		case 0:
			t.Partitions = want
			plan.Create = append(plan.Create, t)
			missing = append(missing, t.Name)
		case want:
			plan.Existing = append(plan.Existing, t.Name)
		default:
			wrong = append(wrong, fmt.Sprintf("%s has %d partitions, want %d", t.Name, n, want))
		}
	}
	if len(wrong) > 0 {
		return plan, fmt.Errorf("%w: %s: drain the pipeline and make the topics again with equal counts", ErrTopicMismatch, strings.Join(wrong, "; "))
	}
	if opt.CheckOnly && len(missing) > 0 {
		return plan, fmt.Errorf("%w: %s", ErrUnknownTopic, strings.Join(missing, ", "))
	}
	return plan, nil
}

func customerKeyed(t schemas.Topic) bool {
	return t.Key == schemas.KeyCustomerID || t.Key == schemas.KeyTenantCustomer
}
