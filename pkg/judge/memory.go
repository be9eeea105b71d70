package judge

import (
	"crypto/sha256"

	"sluice/pkg/transfer"
)

// memory remembers the first fact of each transfer id and stage, and forgets the oldest when it is full.
type memory struct {
	first map[nameHash]transfer.ID
	order []nameHash // a ring of at most size
	size  int
	next  int
}

type nameHash [16]byte

func newMemory(size int) *memory {
	return &memory{first: map[nameHash]transfer.ID{}, size: max(size, 1)}
}

// conflict is the fact that had the same transfer id and stage first and is another one; zero without one.
func (m *memory) conflict(p *transfer.Parsed, id transfer.ID) transfer.ID {
	name := hashName(&p.Transfer)
	if first, known := m.first[name]; known {
		if first == id {
			return transfer.ID{}
		}
		return first
	}
	if len(m.order) < m.size {
		m.order = append(m.order, name)
	} else {
		delete(m.first, m.order[m.next])
		m.order[m.next] = name
		m.next = (m.next + 1) % m.size
	}
	m.first[name] = id
	return transfer.ID{}
}

func hashName(t *transfer.Transfer) nameHash {
	sum := sha256.Sum256([]byte(string(t.EffectiveStage()) + "\x00" + t.ID))
	return nameHash(sum[:len(nameHash{})])
}
