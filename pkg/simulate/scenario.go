package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"sluice/pkg/event/canonical"
	"sluice/pkg/flag"
	"sluice/pkg/taxonomy"
)

// Scenario is what a transfer was made to show.
type Scenario string

// The scenarios. Clean is whatever the others leave.
const (
	Clean               Scenario = "clean"
	SanctionedDeposit   Scenario = "sanctioned_deposit"   // a sanctioned party pays in
	RansomwarePayment   Scenario = "ransomware_payment"   // a customer pays a ransom: a victim
	RansomwareCashOut   Scenario = "ransomware_cash_out"  // ransom is paid in to be sold
	MixerWithdrawal     Scenario = "mixer_withdrawal"     // a customer sends to a mixer
	ScamPayment         Scenario = "scam_payment"         // a customer pays a scammer: a victim
	DarknetDeposit      Scenario = "darknet_deposit"      // a seller on a darknet market pays in
	UnknownCounterparty Scenario = "unknown_counterparty" // a deposit without a sender
	InvalidSender       Scenario = "invalid_sender"       // a deposit whose sender has a broken checksum
	Conflict            Scenario = "conflict"             // an earlier withdrawal again, now to a ransomware address
	Duplicate           Scenario = "duplicate"            // an earlier transfer again, byte for byte
	Poisoning           Scenario = "poisoning"            // nothing, from a phisher's address, to be mistaken for another
)

// plan is what a scenario needs and what the built-in policy makes of it.
type plan struct {
	share    float64           // by default
	listed   taxonomy.Category // of the counterparty; "" without one
	decision flag.Decision
}

var plans = map[Scenario]plan{
	SanctionedDeposit:   {0.0010, taxonomy.Sanctions, flag.Held},
	RansomwarePayment:   {0.0010, taxonomy.Ransomware, flag.Held},
	RansomwareCashOut:   {0.0010, taxonomy.Ransomware, flag.Flagged},
	MixerWithdrawal:     {0.0020, taxonomy.Mixer, flag.Held},
	ScamPayment:         {0.0020, taxonomy.Scam, flag.Held},
	DarknetDeposit:      {0.0020, taxonomy.DarknetMarket, flag.Flagged},
	UnknownCounterparty: {0.0010, "", flag.Held},
	InvalidSender:       {0.0005, "", flag.Held},
	Conflict:            {0.0005, taxonomy.Ransomware, flag.Held},
	Duplicate:           {0.0020, "", flag.Cleared},
	Poisoning:           {0.0020, taxonomy.Phishing, flag.Flagged},
}

// Scenarios are all but Clean, in the order of their names.
func Scenarios() []Scenario { return slices.Sorted(maps.Keys(plans)) }

// DefaultShares are those of a busy exchange with more bad luck than is usual, so that there is something to see: about
// one transfer in sixty.
func DefaultShares() map[Scenario]float64 {
	shares := make(map[Scenario]float64, len(plans))
	for s, p := range plans {
		shares[s] = p.share
	}
	return shares
}

// Label says what a transfer is and what Sluice is to make of it, with the lists of Generator.Entries and the built-in
// policy. A conflict is held for its listed recipient too, so it is held even where nobody knows the first transfer.
type Label struct {
	TransferID string
	Scenario   Scenario
	Decision   flag.Decision
}

// AppendJSON appends the label as a JSON object: transfer_id, scenario, verdict.
func (l Label) AppendJSON(dst []byte) []byte {
	dst = canonical.AppendString(append(dst, `{"transfer_id":`...), l.TransferID)
	dst = canonical.AppendString(append(dst, `,"scenario":`...), string(l.Scenario))
	dst = canonical.AppendString(append(dst, `,"verdict":`...), l.Decision.String())
	return append(dst, '}')
}

// step is where the shares of the scenarios up to this one end.
type step struct {
	below    float64
	scenario Scenario
}

// ladder adds the shares up, in the order of the names so that a seed always draws the same.
func ladder(shares map[Scenario]float64) ([]step, error) {
	var steps []step
	sum := 0.0
	for _, s := range slices.Sorted(maps.Keys(shares)) {
		if _, ok := plans[s]; !ok {
			return nil, fmt.Errorf("scenario %q: the scenarios are %v", s, Scenarios())
		}
		share := shares[s]
		if !(share >= 0 && share <= 1) {
			return nil, fmt.Errorf("share of %s is %s: from 0 to 1", s, strconv.FormatFloat(share, 'g', -1, 64))
		}
		sum += share
		steps = append(steps, step{sum, s})
	}
	if sum > 1+1e-9 {
		return nil, fmt.Errorf("the shares add up to %s: at most 1", strconv.FormatFloat(sum, 'g', -1, 64))
	}
	return steps, nil
}

// draw picks the scenario for a number from 0 to 1.
func draw(steps []step, x float64) Scenario {
	for _, s := range steps {
		if x < s.below {
			return s.scenario
		}
	}
	return Clean
}
