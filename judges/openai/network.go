package openai

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// unreached says in words why a request brought nothing; what is not among these is said as it comes.
func unreached(err error, timeout time.Duration) string {
	var wait net.Error
	var name *net.DNSError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("cannot be found: no machine %s is known here; check base_url and the network", name.Name)
	case errors.As(err, &wait) && wait.Timeout():
		return fmt.Sprintf("does not answer within %g seconds", timeout.Seconds())
	case errors.Is(err, syscall.ECONNREFUSED):
		return "takes no connection: nothing listens there; check base_url, and whether the server runs"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "broke the connection off"
	case errors.As(err, &authority):
		return "has a certificate of somebody unknown to this machine; check base_url, or install the authority's certificate"
	}
	return fmt.Sprintf("does not answer: %v", plain(err))
}
