package runner

import (
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
)

// groups numbers the groups of the users trained on, in the order of their names: the group of each user, and how many.
func (s *trainStage) groups(users []arrowio.User) (of []int32, n int, err error) {
	var names []string
	for i, u := range users {
		if u.Group == "" {
			return nil, 0, fmt.Errorf("%s: worst_group weighs groups of users, and user %d has none: simulate, group_by or a column group makes some", s.spec.Addr, i+1)
		}
		names = append(names, u.Group)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) < 2 {
		return nil, 0, fmt.Errorf("%s: worst_group weighs groups of users, and all are of group %q", s.spec.Addr, names[0])
	}
	for _, u := range users {
		of = append(of, int32(slices.Index(names, u.Group)))
	}
	return of, len(names), nil
}
