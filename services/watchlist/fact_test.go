package watchlist

import "testing"

func TestALookUpDoubtsWhatHasTheFormOfNoAddress(t *testing.T) {
	for text, doubt := range map[string]bool{
		"0x098b716b8aaf21512996dc57eb0615e2383e2f96": false, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa": false,
		"evm:098b716b8aaf21512996dc57eb0615e2383e2f96": false,
		"098b716b8aaf21512996dc57eb0615e2383e2f96":     true, "0x098b716b8aaf21512996dc57eb0615e2383e2f9": true, "nonsense": true, "": true,
	} {
		if why := Ask(text).Doubt(); (why != "") != doubt {
			t.Errorf("%q: %q, want a doubt: %v", text, why, doubt)
		}
	}
}
