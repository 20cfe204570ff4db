package arrowio

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestValues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.arrow")
	var users []User
	var wantIDs []string
	var wantIndex []int32
	for i := range 2*BatchRows + 3 {
		u := User{ID: string(rune('a' + i%26)), Index: int32(i)}
		users, wantIDs, wantIndex = append(users, u), append(wantIDs, u.ID), append(wantIndex, u.Index)
	}
	if err := Write(path, users); err != nil {
		t.Fatal(err)
	}
	var ids []string
	var index []int32
	ok, err := Values(path, "id", func(row int, v string) {
		if row != len(ids) {
			t.Errorf("row %d comes as number %d", row, len(ids))
		}
		ids = append(ids, string([]byte(v)))
	})
	ok2, err2 := Values(path, "index", func(_ int, v int32) { index = append(index, v) })
	if !ok || !ok2 || err != nil || err2 != nil || !slices.Equal(ids, wantIDs) || !slices.Equal(index, wantIndex) {
		t.Errorf("%v %v %v %v: %d ids, %d indices", ok, ok2, err, err2, len(ids), len(index))
	}
	for _, column := range []string{"index", "user"} { // of another type, and none
		if ok, err := Values(path, column, func(int, string) { t.Error("visited") }); ok || err != nil {
			t.Errorf("column %s as text: %v, %v", column, ok, err)
		}
	}
	if err := os.Truncate(path, 400); err != nil {
		t.Fatal(err)
	}
	if _, err := Values(path, "id", func(int, string) {}); err == nil {
		t.Error("half a table was read")
	}
}
