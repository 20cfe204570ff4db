//go:build libtorch

package usermodel

import "fmt"

// checkClusters refuses given clusters that are not one in 0..K-1 for each of m users.
func (c Config) checkClusters(users int, clusters []int) error {
	if !c.given() {
		return nil
	}
	if len(clusters) != users {
		return fmt.Errorf("a cluster is given for %d users; there are %d known users", len(clusters), users)
	}
	for i, k := range clusters {
		if k < 0 || k >= c.Clusters {
			return fmt.Errorf("user %d is in cluster %d; with %d clusters it must be one of 0 to %d", i+1, k, c.Clusters, c.Clusters-1)
		}
	}
	return nil
}

// givenWeights are the rows [1 + m, K] of given clusters: one-hot, and of the generic user the mean over the clusters.
func (c Config) givenWeights(clusters []int) []float32 {
	out := make([]float32, (1+len(clusters))*c.Clusters)
	for k := range c.Clusters {
		out[k] = 1 / float32(c.Clusters)
	}
	for i, k := range clusters {
		out[(i+1)*c.Clusters+k] = 1
	}
	return out
}
