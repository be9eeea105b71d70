package taxonomy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestEveryCategoryHasItsPlaceInTheOrder(t *testing.T) {
	all := All()
	if len(all) != 42 {
		t.Fatalf("%d categories, want 42", len(all))
	}
	for i, c := range all {
		if !c.Valid() || c.Rank() != i+1 {
			t.Errorf("%s: valid %v, rank %d, want rank %d", c, c.Valid(), c.Rank(), i+1)
		}
		if got, err := ParseCategory(string(c)); err != nil || got != c {
			t.Errorf("ParseCategory(%q) = %q, %v", c, got, err)
		}
	}
	if all[0] != Sanctions || all[len(all)-1] != Other {
		t.Errorf("the order goes from %s to %s", all[0], all[len(all)-1])
	}
}

func TestWhatIsNoCategoryIsNeverClean(t *testing.T) {
	for _, c := range []Category{"", "Sanctions", "sanction"} {
		if c.Valid() {
			t.Errorf("%q is valid", c)
		}
		if c.Rank() <= Other.Rank() {
			t.Errorf("%q ranks %d, before the last category", c, c.Rank())
		}
		if c.Severity() == None {
			t.Errorf("%q has severity none", c)
		}
	}
	_, err := ParseCategory("sanction")
	if err == nil || !strings.Contains(err.Error(), `"sanction"`) || !strings.Contains(err.Error(), "sanctions, ") {
		t.Errorf("error %v, want one that names the value and what would be right", err)
	}
}

func TestSortPutsThePrimaryCategoryFirst(t *testing.T) {
	got := Sort([]Category{Mixer, Other, Sanctions, Mixer, Ransomware})
	want := []Category{Sanctions, Ransomware, Mixer, Other}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestExactDropsWhatIsSaidBetter(t *testing.T) {
	for _, tt := range []struct{ in, want []Category }{
		{[]Category{Ransomware, Malware, IllicitActor}, []Category{Ransomware}},
		{[]Category{Malware, IllicitActor}, []Category{Malware}},
		{[]Category{IllicitActor, Exchange}, []Category{IllicitActor, Exchange}},
		{[]Category{Malware, Exchange}, []Category{Malware, Exchange}},
		{nil, nil},
	} {
		if got := Exact(slices.Clone(tt.in)); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestSeverityText(t *testing.T) {
	for s := None; s <= Severe; s++ {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Severity
		if err := json.Unmarshal(b, &back); err != nil || back != s {
			t.Errorf("%s -> %s -> %v, %v", s, b, back, err)
		}
	}
	if _, err := (Severe + 1).MarshalText(); err == nil {
		t.Error("a severity outside the constants was written")
	}
	var s Severity
	if err := s.UnmarshalText([]byte("High")); err == nil {
		t.Error("a severity in another case was read")
	}
	if None >= Low || Low >= Medium || Medium >= High || High >= Severe {
		t.Error("severities are out of order")
	}
}

func TestMappings(t *testing.T) {
	tests := []struct {
		m     Mapping
		term  string
		want  Category
		known bool
	}{
		{GraphSense, "mixing_service", Mixer, true},
		{GraphSense, " Ransomware ", Ransomware, true},
		{GraphSense, "sanction", Sanctions, true},
		{GraphSense, "user", "", true},
		{GraphSense, "service", UnnamedService, true},
		{GraphSense, "black_list", IssuerFrozen, true},
		{GraphSense, "made_up", "", false},
		{Interpol, "ponzi_scheme", InvestmentFraud, true},
		{FollowTheMoney, "crime.terror", TerroristFinancing, true},
		{FollowTheMoney, "role.pep", "", true},
		{Etherscan, "phish-hack", Phishing, true},
		{Etherscan, "heist", StolenFunds, true},
	}
	for _, tt := range tests {
		if got, known := tt.m.Category(tt.term); got != tt.want || known != tt.known {
			t.Errorf("%q: %q, %v, want %q, %v", tt.term, got, known, tt.want, tt.known)
		}
	}
	for _, term := range Interpol.Terms() {
		a, _ := Interpol.Category(term)
		if b, known := GraphSense.Category(term); !known || a != b {
			t.Errorf("%q is %q for INTERPOL and %q for GraphSense, which took it over", term, a, b)
		}
	}
	if term, ok := GraphSense.Term(InvestmentFraud); !ok || term != "investment_fraud" {
		t.Errorf("investment fraud is written %q", term)
	}
	for term, want := range map[string]Category{"3": Sanctions, "42": StolenFunds, "47": InstantExchange, "20": ""} {
		if c, known := Chainalysis.Category(term); c != want || !known {
			t.Errorf("number %s: %q, %v", term, c, known)
		}
	}
	for c, want := range map[Category]string{Mining: "22", SmartContract: "32", TokenContract: "31", StolenFunds: "6"} {
		if n, ok := Chainalysis.Term(c); !ok || n != want {
			t.Errorf("%s is written %q, want %q", c, n, want)
		}
	}
	if got := Chainalysis.Remark("4"); got != "no kyc exchange" {
		t.Errorf("number 4 is %q", got)
	}
	if terms := Chainalysis.Terms(); terms[1] != "2" || terms[len(terms)-1] != "999" {
		t.Errorf("numbers are not in their order: %v", terms)
	}
	if _, known := Chainalysis.Category("5"); known {
		t.Error("5 is no published number")
	}
	if term, ok := Etherscan.Term(CSAM); ok {
		t.Errorf("Etherscan has a word for csam: %q", term)
	}
}

func TestReadTakesCategoriesAndTheFirstMappingThatKnows(t *testing.T) {
	for _, tt := range []struct {
		term  string
		want  Category
		known bool
	}{
		{"Mixer", Mixer, true}, {"mixing_service", Mixer, true}, {"phish-hack", Phishing, true}, {"user", "", true}, {"3", "", false},
	} {
		if c, known := Read(tt.term, GraphSense, Etherscan); c != tt.want || known != tt.known {
			t.Errorf("%q: %q, %v", tt.term, c, known)
		}
	}
}

func TestABrokenMappingIsRefused(t *testing.T) {
	for _, text := range []string{"a\tnot_a_category\n", "a\n", "A\tscam\n", "a\tscam\na\tmixer\n", "\tscam\n"} {
		if _, err := parseMapping(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
