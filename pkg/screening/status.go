package screening

// Status is how far a transfer could be screened. The zero value is Degraded, so that what was never screened is held.
type Status uint8

// The statuses.
const (
	Degraded Status = iota // without usable lists, or with more hits than a record holds
	Partial                // the counterparty is not wholly known
	Complete
)

// String is the status as the record has it.
func (s Status) String() string {
	switch s {
	case Complete:
		return "complete"
	case Partial:
		return "partial"
	case Degraded:
	}
	return "degraded"
}

// ParseStatus reads what String writes; "" is Complete, which records leave out.
func ParseStatus(text string) (Status, bool) {
	switch text {
	case "", "complete":
		return Complete, true
	case "partial":
		return Partial, true
	case "degraded":
		return Degraded, true
	}
	return Degraded, false
}
