package kafka

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// closeIntake lets the broker refuse, while it is full, what others than the services write: their clients try again, as
// they do when a broker is away. What the services write is taken, for it is what makes space in the end.
func (b *Broker) closeIntake() {
	b.cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if !b.Full() {
			b.cluster.DropControl() // and nothing is looked at any more
			return nil, nil, false
		}
		b.cluster.KeepControl()
		req, ok := r.(*kmsg.ProduceRequest)
		if !ok || !slices.ContainsFunc(req.Topics, b.isIntake) {
			return nil, nil, false
		}
		if req.Acks == 0 { // wants no answer
			return nil, nil, true
		}
		return refuse(req), nil, true
	})
}

// isIntake says whether the topic of a request, by name or by id, is one that others write.
func (b *Broker) isIntake(t kmsg.ProduceRequestTopic) bool {
	return slices.ContainsFunc(b.cfg.Intake, func(name string) bool {
		if t.Topic != "" {
			return t.Topic == name
		}
		info := b.cluster.TopicInfo(name)
		return info != nil && info.TopicID == t.TopicID
	})
}

// refuse answers every partition of a request with an error that clients try again.
func refuse(req *kmsg.ProduceRequest) *kmsg.ProduceResponse {
	why := "the disk budget of the embedded broker is used up by records that are not read yet"
	res := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range req.Topics {
		to := kmsg.NewProduceResponseTopic()
		to.Topic, to.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			at := kmsg.NewProduceResponseTopicPartition()
			at.Partition, at.ErrorCode, at.BaseOffset, at.ErrorMessage = p.Partition, kerr.KafkaStorageError.Code, -1, &why
			to.Partitions = append(to.Partitions, at)
		}
		res.Topics = append(res.Topics, to)
	}
	return res
}
