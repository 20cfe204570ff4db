package safetensors

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// badFiles are files that must be refused, with a part of what is said.
var badFiles = []struct {
	name string
	file []byte
	want string
}{
	{"empty", nil, "0 bytes"},
	{"short", []byte{1, 2, 3}, "3 bytes"},
	{"length beyond the file", append(binary.LittleEndian.AppendUint64(nil, 50), "{}"...), "cut off"},
	{"length beyond the limit", binary.LittleEndian.AppendUint64(nil, 100_000_001), "the most is 100000000"},
	{"length negative", binary.LittleEndian.AppendUint64(nil, 1<<63+5), "the most is"},
	{"no header", file("", nil), "not a JSON object"},
	{"not JSON", file(`{"a"`, nil), "not JSON"},
	{"not an object", file(`[1]`, nil), "not a JSON object"},
	{"blanks first", file(` {}`, nil), "not a JSON object"},
	{"text after", file(`{} {}`, nil), "more text"},
	{"tensor no object", file(`{"w":3}`, nil), `"w"`},
	{"field missing", file(`{"w":{"dtype":"F32","shape":[1]}}`, make([]byte, 4)), `"w"`},
	{"shape missing", file(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, make([]byte, 4)), `"w"`},
	{"shape null", file(`{"w":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}`, make([]byte, 4)), `"w"`},
	{"three offsets", file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, make([]byte, 4)), "two data_offsets"},
	{"unknown field", file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1]}}`, make([]byte, 4)), `"stride"`},
	{"field twice", file(`{"w":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 4)), "twice"},
	{"tensor twice", file(`{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, nil), `"w" stands twice`},
	{"unknown dtype", file(`{"w":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 4)), `unknown dtype "F31"`},
	{"dtype null", file(`{"w":{"dtype":null,"shape":[1],"data_offsets":[0,4]}}`, make([]byte, 4)), "dtype"},
	{"negative shape", file(`{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, make([]byte, 4)), "negative"},
	{"shape overflows", file(`{"w":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,4]}}`, make([]byte, 4)), "too large"},
	{"shape wraps to fit", file(`{"w":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16]}}`, make([]byte, 16)), "too large"},
	{"shape mismatch", file(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, make([]byte, 4)), "needs 8 bytes"},
	{"negative offset", file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, make([]byte, 4)), "data_offsets"},
	{"offset beyond", file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, make([]byte, 4)), "the file is cut off"},
	{"offsets reversed", file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, make([]byte, 4)), "outside"},
	{"overlap", file(`{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}`, make([]byte, 4)), `tensor "b": starts at byte 2, inside tensor "a"`},
	{"hole", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}`, make([]byte, 4)), "hole of 2 bytes"},
	{"hole at the start", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, make([]byte, 2)), "hole of 1 bytes"},
	{"data left over", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, make([]byte, 2)), "belong to no tensor"},
	{"data without tensors", file(`{}`, make([]byte, 2)), "belong to no tensor"},
	{"metadata not text", file(`{"__metadata__":{"a":1}}`, nil), "__metadata__"},
	{"metadata no object", file(`{"__metadata__":"x"}`, nil), "__metadata__"},
	{"metadata null", file(`{"__metadata__":{"a":null}}`, nil), "__metadata__"},
}

func TestRefusesBadFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.safetensors")
	for _, c := range badFiles {
		_, err := Open(write(t, path, c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: error %v, want one with the path and %s", c.name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) && !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("a folder: %v", err)
	}
}

// FuzzHeader: no file breaks the reader, and in one that it accepts every tensor is a part of the data and of its size.
func FuzzHeader(f *testing.F) {
	for _, c := range badFiles {
		f.Add(c.file)
	}
	f.Add(file(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}  `, make([]byte, 9)))
	f.Fuzz(func(t *testing.T, text []byte) {
		opened, err := parse(text)
		if err != nil {
			return
		}
		total := 0
		for _, name := range opened.Names() {
			tensor, _ := opened.Tensor(name)
			size, err := byteSize(tensor.DType, tensor.Shape)
			if err != nil || size != uint64(len(tensor.Data)) {
				t.Fatalf("%q: %d bytes for %s %v (%v)", name, len(tensor.Data), tensor.DType, tensor.Shape, err)
			}
			total += len(tensor.Data)
			Float32s(tensor)
		}
		if data := len(text) - lengthBytes - int(binary.LittleEndian.Uint64(text)); total != data {
			t.Fatalf("tensors of %d bytes in %d bytes of data", total, data)
		}
	})
}
