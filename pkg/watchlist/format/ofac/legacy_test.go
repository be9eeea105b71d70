package ofac

import (
	"bytes"
	"strings"
	"testing"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// legacySample is the older XML in small: a person with another name and a passport, and an entity.
const legacySample = `<?xml version="1.0" standalone="yes"?>
<sdnList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="https://example.test/legacy">
  <publshInformation><Publish_Date>12/19/2024</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry>
    <uid>28123</uid><firstName>Artem</firstName><lastName>LIFSHITS</lastName><sdnType>Individual</sdnType>
    <programList><program>CYBER2</program><program>ELECTION-EO13848</program></programList>
    <idList>
      <id><uid>1</uid><idType>Passport</idType><idNumber>12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz</idNumber></id>
      <id><uid>2</uid><idType>Digital Currency Address - XBT</idType><idNumber>12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz</idNumber></id>
      <id><uid>3</uid><idType>Digital Currency Address - ETH</idType><idNumber>0x0000000000000000000000000000000000000000</idNumber></id>
    </idList>
    <akaList><aka><uid>9</uid><type>a.k.a.</type><lastName>OTHER</lastName><firstName>Name</firstName></aka></akaList>
  </sdnEntry>
  <sdnEntry>
    <uid>30</uid><lastName>SUEX OTC &amp; CO</lastName><sdnType>Entity</sdnType>
    <programList><program>SDGT</program></programList>
    <idList><id><uid>7</uid><idType>Digital Currency Address - USDT</idType><idNumber>0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535</idNumber></id></idList>
  </sdnEntry>
</sdnList>`

func TestTheOlderXMLIsToldByItsRoot(t *testing.T) {
	entries, report, err := ParseXML(intake.Options{}, text("sdn.xml", legacySample))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"network":"bitcoin","address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz","category":"sanctions","categories":["sanctions"],"entity":"LIFSHITS, Artem","list":"ofac-sdn","entry_id":"28123/2","authority":"OFAC","program":"CYBER2, ELECTION-EO13848","measure":"block"}`,
		`{"network":"ethereum","address":"0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535","category":"sanctions","categories":["sanctions","terrorist_financing"],"entity":"SUEX OTC & CO","list":"ofac-sdn","entry_id":"30/7","authority":"OFAC","program":"SDGT","measure":"block"}`,
	}
	for i, e := range entries {
		if got := string(e.AppendJSON(nil)); i >= len(want) || got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[min(i, len(want)-1)])
		}
	}
	if len(entries) != 2 || report.Parties != 2 || report.RejectedRows != 1 || report.Rejected[0].Code != intake.CodeNobody || report.Rejected[0].Line != 10 {
		t.Errorf("%+v", report)
	}
	if report.Published != "2024-12-19" {
		t.Errorf("published %q", report.Published)
	}
	if _, _, err := ParseXML(intake.Options{}, text("sdn.xml", legacySample[:len(legacySample)-len("</sdnList>")])); err == nil || !strings.Contains(err.Error(), "f.xml") && !strings.Contains(err.Error(), "sdn.xml") {
		t.Errorf("a cut file: %v", err)
	}
}

// consolidated makes the files of the consolidated list of the samples of the SDN list.
func consolidated(s string) string {
	return strings.NewReplacer(
		"<program>SDGT</program>", "<program>NS-PLC</program>",
		`<SanctionsEntry ID`, `<SanctionsEntry ListID="91243" ID`,
		"<ReferenceValueSets>", `<ReferenceValueSets><ListValues><List ID="1550">SDN List</List><List ID="91243">Non-SDN Palestinian Legislative Council List</List></ListValues>`,
	).Replace(s)
}

func TestTheConsolidatedListIsToldByWhatTheFileSays(t *testing.T) {
	const cons = `9,"SOMEBODY",-0- ,"NS-PLC",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"Digital Currency Address - XBT 12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz."` + "\n"
	advanced, older := text("a.xml", consolidated(sample)), text("b.xml", consolidated(legacySample))
	for what, parse := range map[string]func() ([]watchlist.Entry, intake.Report, error){
		"advanced": func() ([]watchlist.Entry, intake.Report, error) { return ParseXML(intake.Options{}, advanced) },
		"older":    func() ([]watchlist.Entry, intake.Report, error) { return ParseXML(intake.Options{}, older) },
		"csv": func() ([]watchlist.Entry, intake.Report, error) {
			return ParseCSV(intake.Options{}, text("c.csv", cons))
		},
	} {
		entries, report, err := parse()
		if err != nil || report.List != ConsolidatedList || len(entries) == 0 {
			t.Errorf("%s: list %q, %d entries, %v", what, report.List, len(entries), err)
			continue
		}
		if e := entries[len(entries)-1]; what != "advanced" && strings.Contains(e.Program, "NS-PLC") && e.Measure != watchlist.MeasureSpecial {
			t.Errorf("%s: %s", what, e.AppendJSON(nil))
		}
	}
	both := func(list string) error {
		_, _, err := ParseXML(intake.Options{List: list}, text("sdn.xml", sample), text("cons.xml", consolidated(sample)))
		return err
	}
	if err := both(""); err == nil || !strings.Contains(err.Error(), "cons.xml of ofac-consolidated") {
		t.Errorf("files of both lists became one: %v", err)
	}
	if err := both("ofac"); err != nil {
		t.Errorf("a name for both was refused: %v", err)
	}
}

func TestADateOfTheSDNListIsNotOneOfAnother(t *testing.T) {
	body := strings.Replace(consolidated(sample), `ListID="91243" ID="3"`, `ListID="1550" ID="3"`, 1)
	body = strings.Replace(body, "<Year>2019</Year>", "<Year>2023</Year>", 1) // SDN later than the other list
	entries, report, err := ParseXML(intake.Options{}, text("f.xml", body))
	if err != nil || report.List != DefaultList {
		t.Fatalf("%q, %v", report.List, err)
	}
	for _, e := range entries {
		if e.Network == "ethereum" && e.PartyListedAt != "2023-01-02" {
			t.Errorf("%s", e.AppendJSON(nil))
		}
	}
}

func FuzzParseLegacyXML(f *testing.F) {
	f.Add([]byte(legacySample))
	f.Add([]byte("<sdnList/>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, report, err := ParseXML(intake.Options{}, intake.Input{Name: "f", R: bytes.NewReader(body)})
		if err == nil {
			checkReport(t, entries, report)
		}
	})
}
