package transfer

import (
	"sort"
	"strconv"
	"strings"
)

// problems gathers what is wrong, up to MaxProblems.
type problems struct {
	list    []Problem
	omitted int
}

func (p *problems) add(field, value, rule string) {
	if len(p.list) == MaxProblems {
		p.omitted++
		return
	}
	p.list = append(p.list, Problem{Field: field, Value: strings.Clone(clip(value)), Rule: rule})
}

func (p *problems) empty() bool { return len(p.list) == 0 }

// rejection makes the error of what was gathered, in the order of the contract.
func (p *problems) rejection(transferID string) *Rejection {
	sort.SliceStable(p.list, func(i, j int) bool { return rank(p.list[i].Field) < rank(p.list[j].Field) })
	if len(transferID) > MaxIDBytes {
		transferID = clip(transferID)
	}
	return &Rejection{TransferID: strings.Clone(transferID), Problems: p.list, Omitted: p.omitted}
}

// rank is the place of a problem's field in the contract: the body first, unknown members last.
func rank(name string) int {
	if name == "" {
		return -1
	}
	if end := strings.IndexAny(name, "[."); end >= 0 {
		name = name[:end]
	}
	f, ok := fieldOf(name)
	if !ok {
		return int(fieldCount)
	}
	return int(f)
}

// take moves the problems of other behind those of p.
func (p *problems) take(other *problems) {
	for _, problem := range other.list {
		if len(p.list) == MaxProblems {
			p.omitted++
			continue
		}
		p.list = append(p.list, problem)
	}
	p.omitted += other.omitted
	*other = problems{}
}

// tooLarge rejects a body unread.
func tooLarge(size int) *Rejection {
	return &Rejection{Problems: []Problem{{Rule: "must have at most 1048576 bytes, has " + strconv.Itoa(size)}}}
}
