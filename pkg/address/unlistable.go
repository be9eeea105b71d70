package address

import (
	"encoding/binary"
	"sync"

	"sluice/pkg/network"
)

// Unlistable says why the address must not be an entry of a watchlist: nobody owns it, yet innocent transfers name it
// (mints and burns, contract calls, system programs), so that listing it would flag everybody. Lists in the wild hold
// such addresses. It knows the zero account and those next to it, what cannot be paid out of for want of a key, and
// the precompiled contracts and system accounts of the families. Contracts that people deployed are not among them.
func (k Key) Unlistable() (reason string, unlistable bool) {
	if k.IsZero() {
		return "no address", true
	}
	payload := k.payload[:k.size]
	if all(payload, 0x00) {
		return "the zero address: it stands for nobody", true
	}
	if all(payload, 0xff) {
		return "the address of ones only: nobody has its key", true
	}
	if (k.Family == network.EVM || k.Family == network.Tron) && len(payload) == evmBytes && all(payload[:evmBytes-2], 0) {
		if reason, ok := lowEVM(uint16(payload[evmBytes-2])<<8 | uint16(payload[evmBytes-1])); ok {
			return reason, true
		}
	}
	if number, ok := k.systemNumber(); ok && number < systemAccounts[k.Family] {
		return system, true
	}
	reason, unlistable = nobodys()[k]
	return reason, unlistable
}

// systemAccounts says below which number an account is part of the network, for families whose accounts have numbers:
// Aptos keeps the first sixteen for itself (AIP-40), Sui those with a short form, Hedera its first thousand.
var systemAccounts = map[network.Family]uint64{network.Aptos: aptosSpecials, network.Sui: 1 << 16, network.Hedera: 1000}

// systemNumber is the number of an account whose other bytes are zero.
func (k Key) systemNumber() (number uint64, ok bool) {
	if k.Kind != Account || k.size <= 8 || !all(k.payload[:k.size-8], 0) {
		return 0, false
	}
	return binary.BigEndian.Uint64(k.payload[k.size-8 : k.size]), true
}

// lowEVM are the accounts of an EVM network, and of Tron's machine, with a number for an address. The precompiled contracts are 0x01 to 0x11,
// and 0x100 by RIP-7212; 0xdead is a burn address.
func lowEVM(number uint16) (reason string, ok bool) {
	switch {
	case number <= 0x11 || number == 0x100:
		return "a precompiled contract: part of the network", true
	case number == 0xdead:
		return burn, true
	}
	return "", false
}

func all(payload []byte, b byte) bool {
	for _, c := range payload {
		if c != b {
			return false
		}
	}
	return true
}

const (
	burn   = "a burn address: nobody has its key"
	system = "a system account: part of the network"
)

// nobodysTexts are well-known addresses without an owner, by network alias.
var nobodysTexts = []struct{ alias, reason, text string }{
	{"bitcoin", burn, "1BitcoinEaterAddressDontSendf59kuE"},
	{"bitcoin", burn, "1CounterpartyXXXXXXXXXXXXXXXUWLpVr"},
	{"bitcoin", burn, "1ChancecoinXXXXXXXXXXXXXXXXXZELUFD"},
	{"bitcoin", "the hash of an empty key: nobody has one", "1HT7xU2Ngenf7D4yocz2SAcnNLW7rK8d4E"},
	{"bitcoin", "the hash of an empty script: everybody can spend from it", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"},
	{"dogecoin", burn, "DDogepartyxxxxxxxxxxxxxxxxxxw1dfzr"},

	{"ethereum", burn, "0xdead000000000000000042069420694206942069"},
	{"ethereum", burn, "0xdead000000000000000000000000000000000000"},
	{"ethereum", burn, "0xdeaddeaddeaddeaddeaddeaddeaddeaddeaddead"},
	{"ethereum", burn, "0xdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef"},
	{"ethereum", "a mark for the native asset, not an account", "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"},

	{"tron", burn, "TLsV52sRDL79HXGGm9yzwKibb6BeruhUzy"}, // Blackhole of the genesis block

	{"solana", burn, "1nc1nerator11111111111111111111111111111111"},
	{"solana", system, "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"},
	{"solana", system, "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"},
	{"solana", system, "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"},
	{"solana", system, "ComputeBudget111111111111111111111111111111"},
	{"solana", system, "AddressLookupTab1e1111111111111111111111111"},
	{"solana", system, "BPFLoader1111111111111111111111111111111111"},
	{"solana", system, "BPFLoader2111111111111111111111111111111111"},
	{"solana", system, "BPFLoaderUpgradeab1e11111111111111111111111"},
	{"solana", system, "Config1111111111111111111111111111111111111"},
	{"solana", system, "Ed25519SigVerify111111111111111111111111111"},
	{"solana", system, "KeccakSecp256k11111111111111111111111111111"},
	{"solana", system, "NativeLoader1111111111111111111111111111111"},
	{"solana", system, "Stake11111111111111111111111111111111111111"},
	{"solana", system, "StakeConfig11111111111111111111111111111111"},
	{"solana", system, "Vote111111111111111111111111111111111111111"},
	{"solana", system, "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"},
	{"solana", system, "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"},
	{"solana", system, "Sysvar1111111111111111111111111111111111111"},
	{"solana", system, "SysvarC1ock11111111111111111111111111111111"},
	{"solana", system, "SysvarRent111111111111111111111111111111111"},
	{"solana", system, "Sysvar1nstructions1111111111111111111111111"},
	{"solana", system, "SysvarRecentB1ockHashes11111111111111111111"},
	{"solana", system, "SysvarS1otHashes111111111111111111111111111"},
	{"solana", system, "So11111111111111111111111111111111111111112"},

	{"kusama", system, "F3opxRbN5ZbjJNU511Kj2TLuzFcDq9BGduA9TgiECafpg29"}, // the treasury, on polkadot too
	{"ton", system, "Ef8zMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM0vF"},   // the elector
	{"ton", system, "Ef9VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVbxn"},   // the configuration
	{"near", system, "system"},
	{"cosmos", system, "cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl"}, // modules: distribution
	{"cosmos", system, "cosmos17xpfvakm2amg962yls6f84z3kell8c5lserqta"}, // fees
	{"cosmos", system, "cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh"}, // bonded tokens
	{"cosmos", system, "cosmos1tygms3xhhs3yv487phx3dw4a95jn7t7lpm470r"}, // unbonding tokens
	{"cosmos", system, "cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn"}, // governance
	{"cosmos", system, "cosmos1m3h30wlvsf8llruxtpukdvsy0km2kum8g38c8q"}, // mint

	{"xrp", "ACCOUNT_ONE: the ledger's stand-in for nobody", "rrrrrrrrrrrrrrrrrrrrBZbvji"},
	{"xrp", "the ledger's reserve of names: nobody has its key", "rrrrrrrrrrrrrrrrrNAMEtxvNvQ"},
	{"xrp", "the address of a faulty client: nobody has its key", "rrrrrrrrrrrrrrrrrrrn5RM1rHd"},
}

// nobodys holds the keys of nobodysTexts.
var nobodys = sync.OnceValue(func() map[Key]string {
	keys := make(map[Key]string, len(nobodysTexts))
	for _, e := range nobodysTexts {
		n, _ := network.Lookup(e.alias)
		if a, err := Parse(n, e.text); err == nil {
			keys[a.Key] = e.reason
		}
	}
	return keys
})
