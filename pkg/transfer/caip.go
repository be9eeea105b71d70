package transfer

import "strings"

// validAssetID reports whether text has the form of CAIP-19: an asset type such as eip155:1/erc20:0x6b17…, or an asset
// id with a token's number behind a further slash.
func validAssetID(text string) bool {
	chain, asset, ok := strings.Cut(text, "/")
	if !ok || !validChainID(chain) {
		return false
	}
	namespace, reference, ok := strings.Cut(asset, ":")
	if !ok || !within(namespace, 3, 8, isNamespace) {
		return false
	}
	reference, token, hasToken := strings.Cut(reference, "/")
	return within(reference, 1, 128, isAssetReference) && (!hasToken || within(token, 1, 78, isAssetReference))
}

// validChainID reports whether text has the form of CAIP-2: namespace, colon, reference.
func validChainID(text string) bool {
	namespace, reference, ok := strings.Cut(text, ":")
	return ok && within(namespace, 3, 8, isNamespace) && within(reference, 1, 32, isChainReference)
}

// validAlias reports whether text has the form of a network's name: it may still be unknown.
func validAlias(text string) bool { return within(text, 1, 64, isChainReference) }

func within(text string, least, most int, allowed func(byte) bool) bool {
	if len(text) < least || len(text) > most {
		return false
	}
	for i := range len(text) {
		if !allowed(text[i]) {
			return false
		}
	}
	return true
}

func isNamespace(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
}

func isChainReference(c byte) bool { return isNamespace(c) || c >= 'A' && c <= 'Z' || c == '_' }

func isAssetReference(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '%'
}
