package reports

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Limits of the page's colours.
const (
	textContrast    = 4.5 // WCAG 2.2, 1.4.3: text
	graphicContrast = 3.0 // WCAG 2.2, 1.4.11: what is needed to understand graphics
	apartAnywhere   = 10  // CIEDE2000 of any two series, by any eyes; about 2 is just seen side by side
	apartFirst      = 15  // of the first four, which most pictures have
	apartGrey       = 9   // in CIELAB's lightness, of the first three
)

// eyes are the colour vision of people with two kinds of cones, full severity (Machado, Oliveira and Fernandes 2009), as
// matrices on linear sRGB.
var eyes = map[string][3][3]float64{
	"trichromacy":  {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// themes are the colours of page.css by name; what dark does not set is light's.
func themes(t *testing.T) map[string]map[string]string {
	t.Helper()
	head, rest, found := strings.Cut(pageStyle, "@media screen and (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("page.css has no dark theme")
	}
	night, _, _ := strings.Cut(rest, "\n}\n")
	named := regexp.MustCompile(`--([\w-]+): (#[0-9a-f]{6});`)
	light, dark := map[string]string{}, map[string]string{}
	for _, m := range named.FindAllStringSubmatch(head, -1) {
		light[m[1]], dark[m[1]] = m[2], m[2]
	}
	changed := named.FindAllStringSubmatch(night, -1)
	for _, m := range changed {
		dark[m[1]] = m[2]
	}
	if len(changed) != len(light) || light["s7"] == "" || light[fmt.Sprint("s", hues+1)] != "" {
		t.Fatalf("light has %d colours, dark sets %d; plot_style.go knows %d series", len(light), len(changed), hues)
	}
	return map[string]map[string]string{"light": light, "dark": dark}
}

// Whatever the theme, text and series stand out against what they are drawn on.
func TestContrastOfThePage(t *testing.T) {
	for theme, colour := range themes(t) {
		atLeast := func(limit float64, front string, backs ...string) {
			for _, back := range backs {
				if got := contrast(linear(t, colour[front]), linear(t, colour[back])); got < limit {
					t.Errorf("%s: %s %s on %s %s has contrast %.2f; want %.1f", theme, front, colour[front], back, colour[back], got, limit)
				}
			}
		}
		for _, text := range []string{"ink", "soft", "link"} {
			atLeast(textContrast, text, "surface", "raised")
		}
		for _, state := range []string{"good", "bad", "open"} {
			atLeast(textContrast, state, "surface", "raised", state+"-surface")
			atLeast(textContrast, "ink", state+"-surface")
			atLeast(textContrast, "soft", state+"-surface")
		}
		for i := range hues {
			atLeast(graphicContrast, fmt.Sprint("s", i+1), "surface", "raised")
		}
	}
}

// Series are told apart by colour whatever cones a reader has, and the first three on grey paper too; beside colour all have
// markers, hatching or dashes.
func TestColoursAreToldApart(t *testing.T) {
	for theme, colour := range themes(t) {
		for i := range hues {
			for j := range i {
				a, b := linear(t, colour[fmt.Sprint("s", j+1)]), linear(t, colour[fmt.Sprint("s", i+1)])
				limit := float64(apartAnywhere)
				if i < 4 {
					limit = apartFirst
				}
				for name, eye := range eyes {
					if got := ciede2000(lab(seen(eye, a)), lab(seen(eye, b))); got < limit {
						t.Errorf("%s, %s: series %d and %d are %.1f apart; want %g", theme, name, j+1, i+1, got, limit)
					}
				}
				if got := math.Abs(lab(a)[0] - lab(b)[0]); i < 3 && got < apartGrey {
					t.Errorf("%s, on grey paper: series %d and %d are %.1f apart in lightness; want %d", theme, j+1, i+1, got, apartGrey)
				}
			}
		}
	}
}

// Pairs of Sharma, Wu and Dalal 2005, Table 1, and white's contrast with black.
func TestColourArithmetic(t *testing.T) {
	for _, c := range []struct {
		a, b [3]float64
		want float64
	}{
		{[3]float64{50, 2.6772, -79.7751}, [3]float64{50, 0, -82.7485}, 2.0425},
		{[3]float64{50, 2.4900, -0.0010}, [3]float64{50, -2.4900, 0.0011}, 7.2195},
		{[3]float64{50, 2.5, 0}, [3]float64{58, 24, 15}, 19.4535},
		{[3]float64{60.2574, -34.0099, 36.2677}, [3]float64{60.4626, -34.1751, 39.4387}, 1.2644},
		{[3]float64{2.0776, 0.0795, -1.1350}, [3]float64{0.9033, -0.0636, -0.5514}, 0.9082},
	} {
		if got := ciede2000(c.a, c.b); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%v and %v are %.4f apart; want %.4f", c.a, c.b, got, c.want)
		}
	}
	if got := contrast(linear(t, "#000000"), linear(t, "#ffffff")); math.Abs(got-21) > 1e-9 {
		t.Errorf("black on white has contrast %g", got)
	}
	if got := lab(linear(t, "#0072b2")); math.Abs(got[0]-46.0) > 0.5 || got[2] > -40 {
		t.Errorf("#0072b2 is %v", got)
	}
}

// linear is a colour's light, red, green and blue from 0 to 1.
func linear(t *testing.T, hex string) (rgb [3]float64) {
	t.Helper()
	for i := range rgb {
		if len(hex) != 7 {
			t.Fatalf("%q is no colour", hex)
		}
		v, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		if s := float64(v) / 255; s <= 0.04045 {
			rgb[i] = s / 12.92
		} else {
			rgb[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return rgb
}

// contrast is WCAG's ratio of two colours.
func contrast(a, b [3]float64) float64 {
	of := func(c [3]float64) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] + 0.05 }
	return max(of(a), of(b)) / min(of(a), of(b))
}

func seen(eye [3][3]float64, c [3]float64) (out [3]float64) {
	for i, row := range eye {
		out[i] = min(1, max(0, row[0]*c[0]+row[1]*c[1]+row[2]*c[2]))
	}
	return out
}

// lab is CIELAB of linear sRGB, white D65.
func lab(c [3]float64) [3]float64 {
	f := func(x float64) float64 {
		if x > 216.0/24389 {
			return math.Cbrt(x)
		}
		return (24389.0/27*x + 16) / 116
	}
	x := f((0.4124564*c[0] + 0.3575761*c[1] + 0.1804375*c[2]) / 0.95047)
	y := f(0.2126729*c[0] + 0.7151522*c[1] + 0.0721750*c[2])
	z := f((0.0193339*c[0] + 0.1191920*c[1] + 0.9503041*c[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// ciede2000 is the distance of two CIELAB colours (Sharma, Wu and Dalal 2005).
func ciede2000(p, q [3]float64) float64 {
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	pow7 := func(c float64) float64 { return math.Sqrt(math.Pow(c, 7) / (math.Pow(c, 7) + math.Pow(25, 7))) }
	g := 1 + 0.5*(1-pow7((math.Hypot(p[1], p[2])+math.Hypot(q[1], q[2]))/2))
	polar := func(c [3]float64) (chroma, hue float64) {
		return math.Hypot(g*c[1], c[2]), math.Mod(math.Atan2(c[2], g*c[1])*180/math.Pi+360, 360)
	}
	c1, h1 := polar(p)
	c2, h2 := polar(q)
	turn, hue := h2-h1, h1+h2
	switch {
	case c1*c2 == 0:
		turn = 0
	case math.Abs(turn) <= 180:
		hue /= 2
	case hue < 360:
		hue = (hue + 360) / 2
	default:
		hue = (hue - 360) / 2
	}
	turn -= 360 * math.Round(turn/360)
	light, chroma := (p[0]+q[0])/2, (c1+c2)/2
	t := 1 - 0.17*math.Cos(rad(hue-30)) + 0.24*math.Cos(rad(2*hue)) + 0.32*math.Cos(rad(3*hue+6)) - 0.20*math.Cos(rad(4*hue-63))
	dl := (q[0] - p[0]) / (1 + 0.015*(light-50)*(light-50)/math.Sqrt(20+(light-50)*(light-50)))
	dc := (c2 - c1) / (1 + 0.045*chroma)
	dh := 2 * math.Sqrt(c1*c2) * math.Sin(rad(turn)/2) / (1 + 0.015*chroma*t)
	rotation := -math.Sin(rad(60*math.Exp(-math.Pow((hue-275)/25, 2)))) * 2 * pow7(chroma)
	return math.Sqrt(dl*dl + dc*dc + dh*dh + rotation*dc*dh)
}
