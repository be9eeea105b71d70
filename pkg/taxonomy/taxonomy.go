// Package taxonomy is what listed addresses are listed for: the published categories with their default severity and
// fixed rank, the groups that the built-in policy names, and how other publishers' words map to and from them.
//
// It is a table and its look-ups. It never guesses: a word that no mapping knows is reported as unknown to the caller.
package taxonomy

import (
	"fmt"
	"slices"
	"strings"
)

// Category is one of the published categories; "" is none.
type Category string

// The categories, by rank: where an address has several, the first of them in this order is the primary one.
const (
	Sanctions              Category = "sanctions"
	SanctionedJurisdiction Category = "sanctioned_jurisdiction"
	SpecialMeasures        Category = "special_measures"
	TerroristFinancing     Category = "terrorist_financing"
	CSAM                   Category = "csam"
	Trafficking            Category = "trafficking"
	Ransomware             Category = "ransomware"
	Malware                Category = "malware"
	Extortion              Category = "extortion"
	Sextortion             Category = "sextortion"
	DarknetMarket          Category = "darknet_market"
	OnlinePharmacy         Category = "online_pharmacy"
	FraudShop              Category = "fraud_shop"
	StolenFunds            Category = "stolen_funds"
	Scam                   Category = "scam"
	InvestmentFraud        Category = "investment_fraud"
	Phishing               Category = "phishing"
	Mixer                  Category = "mixer"
	CoinJoin               Category = "coinjoin"
	PrivacyProtocol        Category = "privacy_protocol"
	LaunderingService      Category = "laundering_service"
	IllicitActor           Category = "illicit_actor"
	HighRiskExchange       Category = "high_risk_exchange"
	Seized                 Category = "seized"
	IssuerFrozen           Category = "issuer_frozen"
	Gambling               Category = "gambling"
	Exchange               Category = "exchange"
	P2PExchange            Category = "p2p_exchange"
	InstantExchange        Category = "instant_exchange"
	ATM                    Category = "atm"
	HostedWallet           Category = "hosted_wallet"
	MerchantServices       Category = "merchant_services"
	Lending                Category = "lending"
	Mining                 Category = "mining"
	Infrastructure         Category = "infrastructure"
	Bridge                 Category = "bridge"
	DeFi                   Category = "defi"
	SmartContract          Category = "smart_contract"
	TokenContract          Category = "token_contract"
	NFT                    Category = "nft"
	UnnamedService         Category = "unnamed_service"
	Other                  Category = "other"
)

// table is the one table: its order is the rank, its severities are the defaults that a rule may override.
var table = []struct {
	category Category
	severity Severity
}{
	{Sanctions, Severe},
	{SanctionedJurisdiction, High},
	{SpecialMeasures, High},
	{TerroristFinancing, Severe},
	{CSAM, Severe},
	{Trafficking, Severe},
	{Ransomware, Severe},
	{Malware, High},
	{Extortion, High},
	{Sextortion, High},
	{DarknetMarket, High},
	{OnlinePharmacy, Medium},
	{FraudShop, High},
	{StolenFunds, High},
	{Scam, High},
	{InvestmentFraud, High},
	{Phishing, High},
	{Mixer, High},
	{CoinJoin, Medium},
	{PrivacyProtocol, Medium},
	{LaunderingService, High},
	{IllicitActor, High},
	{HighRiskExchange, Medium},
	{Seized, Medium},
	{IssuerFrozen, High},
	{Gambling, Low},
	{Exchange, None},
	{P2PExchange, Low},
	{InstantExchange, Low},
	{ATM, Low},
	{HostedWallet, None},
	{MerchantServices, None},
	{Lending, None},
	{Mining, None},
	{Infrastructure, None},
	{Bridge, Low},
	{DeFi, None},
	{SmartContract, None},
	{TokenContract, None},
	{NFT, None},
	{UnnamedService, Low},
	{Other, Low},
}

// ranks is the table by category.
var ranks = func() map[Category]int {
	m := make(map[Category]int, len(table))
	for i, row := range table {
		m[row.category] = i + 1
	}
	return m
}()

// All returns the categories by rank. The caller may keep and change the slice.
func All() []Category {
	out := make([]Category, len(table))
	for i, row := range table {
		out[i] = row.category
	}
	return out
}

// Valid says whether c is a published category.
func (c Category) Valid() bool { return ranks[c] != 0 }

// Rank is the place of c in the fixed order, from 1; of several categories the one of lowest rank is primary.
// What is no category ranks behind all of them.
func (c Category) Rank() int {
	if r := ranks[c]; r != 0 {
		return r
	}
	return len(table) + 1
}

// Severity is the default severity of a hit of category c; Low for what is no category, for it cannot be called clean.
func (c Category) Severity() Severity {
	if r := ranks[c]; r != 0 {
		return table[r-1].severity
	}
	return Low
}

// ParseCategory returns the category that is written s.
func ParseCategory(s string) (Category, error) {
	if c := Category(s); c.Valid() {
		return c, nil
	}
	names := make([]string, len(table))
	for i, row := range table {
		names[i] = string(row.category)
	}
	return "", fmt.Errorf("category %q is none of %s", s, strings.Join(names, ", "))
}

// Sort orders categories by rank and removes duplicates, in place; the first one is the primary one.
func Sort(cs []Category) []Category {
	slices.SortFunc(cs, func(a, b Category) int {
		if d := a.Rank() - b.Rank(); d != 0 {
			return d
		}
		return strings.Compare(string(a), string(b))
	})
	return slices.Compact(cs)
}

// Exact drops, of sorted categories, the general ones that a more exact one makes superfluous: that somebody illicit is
// behind a crime that has a name of its own, and that ransomware is malware.
func Exact(cs []Category) []Category {
	named := slices.ContainsFunc(cs, func(c Category) bool { return c != IllicitActor && c.Severity() >= High })
	ransomware := slices.Contains(cs, Ransomware)
	return slices.DeleteFunc(cs, func(c Category) bool { return c == IllicitActor && named || c == Malware && ransomware })
}
