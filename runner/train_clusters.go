// Clusters that the data gives (user_model.weights = "given"): the column `cluster` of a user's rows.
package runner

import (
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
)

// clusters are the numbers, from 0, of the users' clusters: names in order, numbers by value. Every user needs one, the
// same in all of their rows, and there may be no more names than clusters.
func (s *trainStage) clusters(w *world, users []arrowio.User) ([]int, error) {
	named, err := s.clusterNames(w)
	if err != nil {
		return nil, err
	}
	var names []string
	for i, u := range users {
		name := named[u.ID]
		if name == "" {
			return nil, fmt.Errorf("%s: user %d of those it trains on has no cluster; weights = \"given\" needs the column cluster in the rows of every user", s.spec.Addr, i+1)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, byNumberThenText)
	if k := s.spec.UserModel.Clusters; len(names) > k {
		return nil, fmt.Errorf("%s: the data has %d clusters (%s); clusters is %d", s.spec.Addr, len(names), joinComma(names[:min(len(names), namedRows)]), k)
	}
	out := make([]int, len(users))
	for i, u := range users {
		out[i] = slices.Index(names, named[u.ID])
	}
	return out, nil
}

func (s *trainStage) clusterNames(w *world) (map[string]string, error) {
	rows, err := w.setRows(s.spec.Data)
	if err != nil {
		return nil, err
	}
	named := map[string]string{}
	for _, r := range rows {
		c, err := w.comparison(r)
		if err != nil {
			return nil, err
		}
		before := named[c.User]
		if before != "" && c.Cluster != "" && before != c.Cluster {
			return nil, fmt.Errorf("%s: the user of %s, line %d, is in cluster %q there and in %q before; expected one cluster per user", s.spec.Addr, c.File, c.Line, c.Cluster, before)
		}
		if before == "" {
			named[c.User] = c.Cluster
		}
	}
	return named, nil
}
