package main

// Numbers for people.

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// count prints an integer with thousands separators.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return sign + strings.Join(append([]string{digits}, groups...), ",")
}

// short prints a quantity with three digits and a letter for its power of a thousand: 1.23M.
func short(x float64) string {
	if math.Abs(x) < 1000 {
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	for _, letter := range []string{"k", "M", "G", "T", "P"} {
		x /= 1000
		if math.Abs(x) < 999.5 {
			return three(x) + letter
		}
	}
	return three(x/1000) + "E"
}

func three(x float64) string {
	switch {
	case math.Abs(x) < 9.995:
		return fmt.Sprintf("%.2f", x)
	case math.Abs(x) < 99.95:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// size prints a size in binary units.
func size(n int64) string {
	x, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if x < 1024 {
			break
		}
		x, unit = x/1024, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return three(x) + " " + unit
}

// duration prints a time to the second from ten seconds on.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 100*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d min", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d h", int(d.Hours()), int(d.Minutes())%60)
}
