package safetensors

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOpenFolder(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, metadata map[string]string, tensors ...string) {
		t.Helper()
		var all []Tensor
		for _, n := range tensors {
			all = append(all, FromFloat32s(n, []int64{1}, []float32{float32(len(n))}))
		}
		if err := Write(filepath.Join(dir, name), all, metadata); err != nil {
			t.Fatal(err)
		}
	}
	index := func(text string) { write(t, filepath.Join(dir, indexName), []byte(text)) }
	refused := func(want string) {
		t.Helper()
		if _, err := OpenFolder(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %s", err, want)
		}
	}
	refused(indexName)
	put("s1.safetensors", map[string]string{"format": "pt", "x": "1"}, "b", "ccc")
	put("s2.safetensors", map[string]string{"x": "2", "y": "2"}, "aa")
	for _, c := range [][2]string{
		{`{`, "not JSON"},
		{`{}`, "weight_map"},
		{`{"weight_map": {"b": 1}}`, `"b"`},
		{`{"weight_map": {"b": "../s1.safetensors"}}`, `"../s1.safetensors" is not the name`},
		{`{"weight_map": {"b": "s3.safetensors"}}`, "s3.safetensors"},
		{`{"weight_map": {"b": "s1.safetensors", "b": "s2.safetensors"}}`, "twice"},
		{`{"weight_map": {"b": "s1.safetensors", "ccc": "s1.safetensors", "aa": "s1.safetensors"}}`, `"aa" is not in s1.safetensors`},
		{`{"weight_map": {"b": "s1.safetensors", "ccc": "s1.safetensors", "aa": "s2.safetensors", "d": "s2.safetensors"}}`, `"d" is not in s2.safetensors`},
		{`{"weight_map": {"b": "s1.safetensors", "aa": "s2.safetensors"}}`, `"ccc" is in s1.safetensors`},
	} {
		index(c[0])
		refused(c[1])
	}
	index(`{"metadata": {"total_size": 12}, "weight_map": {"b": "s1.safetensors", "ccc": "s1.safetensors", "aa": "s2.safetensors"}}`)
	checkSet(t, dir, []string{"aa", "b", "ccc"})
	put("model.safetensors", nil, "w") // a single file counts before an index
	checkSet(t, dir, []string{"w"})
	write(t, filepath.Join(dir, singleName), []byte("x"))
	refused(singleName)
}

func checkSet(t *testing.T, dir string, names []string) {
	t.Helper()
	s, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !slices.Equal(s.Names(), names) {
		t.Errorf("names %q, want %q", s.Names(), names)
	}
	for _, name := range names {
		tensor, ok := s.Tensor(name)
		values, err := Float32s(tensor)
		if !ok || err != nil || !slices.Equal(values, []float32{float32(len(name))}) {
			t.Errorf("%s is %v (%v)", name, values, err)
		}
	}
	if _, ok := s.Tensor("none"); ok {
		t.Error("a tensor that is not there was found")
	}
	if m := s.Metadata(); len(names) == 3 && (m["x"] != "1" || m["y"] != "2" || m["format"] != "pt") {
		t.Errorf("metadata %v", m)
	}
}
