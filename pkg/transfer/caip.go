package transfer

// validAssetID reports whether text has the form of CAIP-19: an asset type such as eip155:1/erc20:0x6b17…, or an asset
// id with a token's number behind a further slash.
func validAssetID[T string | []byte](text T) bool {
	chain, asset, ok := cut(text, '/')
	if !ok || !validChainID(chain) {
		return false
	}
	namespace, reference, ok := cut(asset, ':')
	if !ok || !within(namespace, 3, 8, isNamespace) {
		return false
	}
	reference, token, hasToken := cut(reference, '/')
	return within(reference, 1, 128, isAssetReference) && (!hasToken || within(token, 1, 78, isAssetReference))
}

// validChainID reports whether text has the form of CAIP-2: namespace, colon, reference.
func validChainID[T string | []byte](text T) bool {
	namespace, reference, ok := cut(text, ':')
	return ok && within(namespace, 3, 8, isNamespace) && within(reference, 1, 32, isChainReference)
}

// validAlias reports whether text has the form of a network's name: it may still be unknown.
func validAlias(text string) bool { return within(text, 1, 64, isChainReference) }

// cut is strings.Cut at one byte.
func cut[T string | []byte](text T, at byte) (before, after T, found bool) {
	for i := range len(text) {
		if text[i] == at {
			return text[:i], text[i+1:], true
		}
	}
	return text, text[len(text):], false
}

func within[T string | []byte](text T, least, most int, allowed func(byte) bool) bool {
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
