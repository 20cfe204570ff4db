package formats

// The part of numpy's legacy random generator (numpy.random.RandomState) that the authors' draw needs: the Mersenne
// Twister of Matsumoto and Nishimura (1998), and numpy's way from its words to doubles and choices. numpy keeps this
// stream frozen (NEP 19).

const (
	mtWords = 624
	mtShift = 397
)

type mt19937 struct {
	words [mtWords]uint32
	next  int
}

// newMT19937 is RandomState(seed).
func newMT19937(seed uint32) *mt19937 {
	m := &mt19937{next: mtWords}
	m.words[0] = seed
	for i := uint32(1); i < mtWords; i++ {
		last := m.words[i-1]
		m.words[i] = 1812433253*(last^last>>30) + i
	}
	return m
}

func (m *mt19937) refill() {
	for i := range m.words {
		y := m.words[i]&0x80000000 | m.words[(i+1)%mtWords]&0x7fffffff
		x := m.words[(i+mtShift)%mtWords] ^ y>>1
		if y&1 == 1 {
			x ^= 0x9908b0df
		}
		m.words[i] = x
	}
	m.next = 0
}

func (m *mt19937) uint32() uint32 {
	if m.next == mtWords {
		m.refill()
	}
	y := m.words[m.next]
	m.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// float64 is random_sample(): 53 random bits in [0, 1).
func (m *mt19937) float64() float64 {
	a, b := m.uint32()>>5, m.uint32()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}

// choice is choice(len(p), p = p): the first index whose cumulative share is above a uniform number.
func (m *mt19937) choice(p []float64) int {
	cumulative := make([]float64, len(p))
	sum := 0.0
	for i, share := range p {
		sum += share
		cumulative[i] = sum
	}
	u := m.float64()
	for i, c := range cumulative {
		if u < c/sum {
			return i
		}
	}
	return len(p) - 1
}
