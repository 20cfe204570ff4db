// Words that were merged before. Text repeats its words, so most of them are looked up, not merged.
package tokenizer

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
)

const (
	cacheShards   = 16      // so that concurrent encoders seldom wait for one another
	cacheWords    = 1 << 12 // per shard; what comes later is merged each time
	cacheWordSize = 64      // bytes; longer words hardly ever come back
)

type wordCache struct {
	seed   maphash.Seed
	once   sync.Once
	shards [cacheShards]struct {
		sync.RWMutex
		words map[string][]int32
	}
}

func (c *wordCache) shard(word string) int {
	c.once.Do(func() { c.seed = maphash.MakeSeed() })
	return int(maphash.String(c.seed, word) % cacheShards)
}

func (c *wordCache) get(word string) ([]int32, bool) {
	if len(word) > cacheWordSize {
		return nil, false
	}
	s := &c.shards[c.shard(word)]
	s.RLock()
	ids, ok := s.words[word]
	s.RUnlock()
	return ids, ok
}

// put keeps copies of both: word is a part of a text, ids of a caller's slice.
func (c *wordCache) put(word string, ids []int32) {
	if len(word) > cacheWordSize {
		return
	}
	s := &c.shards[c.shard(word)]
	s.Lock()
	defer s.Unlock()
	if s.words == nil {
		s.words = map[string][]int32{}
	}
	if len(s.words) < cacheWords {
		s.words[strings.Clone(word)] = slices.Clone(ids)
	}
}
