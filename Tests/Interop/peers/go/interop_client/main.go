// The interop cases on grpc-go, against servers of ours. Prints "ok NAME" or "FAIL NAME: why" for each
// case; exits with 1 if one fails.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync/atomic"
	"time"

	pb "assay/interop/testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
)

const (
	header  = "x-grpc-test-echo-initial"
	trailer = "x-grpc-test-echo-trailing-bin"
)

var (
	host       = flag.String("server_host", "127.0.0.1", "the server's name or address")
	port       = flag.Int("server_port", 0, "the server's port")
	override   = flag.String("server_host_override", "", "the name in the server's certificate")
	tls        = flag.Bool("use_tls", false, "speak TLS")
	authority  = flag.String("ca_file", "", "certificates of the authorities to trust")
	testCase   = flag.String("test_case", "", "names of cases, with commas")
	iterations = flag.Int("soak_iterations", 10, "calls of a soak")
)

var pings = [][2]int{{31415, 27182}, {9, 8}, {2653, 1828}, {58979, 45904}}

func fail(format string, arguments ...interface{}) { panic(fmt.Sprintf(format, arguments...)) }

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func equal(found, due interface{}, what string) {
	if found != due {
		fail("%s: %v instead of %v", what, found, due)
	}
}

func expect(code codes.Code, err error) {
	if status.Code(err) != code {
		fail("%v instead of %v", err, code)
	}
}

func connect() *grpc.ClientConn {
	options := []grpc.DialOption{grpc.WithBlock(), grpc.WithInsecure()}
	if *tls {
		credentials, err := credentials.NewClientTLSFromFile(*authority, *override)
		check(err)
		options[1] = grpc.WithTransportCredentials(credentials)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	connection, err := grpc.DialContext(ctx, fmt.Sprintf("%s:%d", *host, *port), options...)
	check(err)
	return connection
}

func timed() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Minute)
}

func large() *pb.SimpleRequest {
	return &pb.SimpleRequest{ResponseSize: 314159, Payload: &pb.Payload{Body: make([]byte, 271828)}}
}

func asking(reply, request int) *pb.StreamingOutputCallRequest {
	return &pb.StreamingOutputCallRequest{
		ResponseParameters: []*pb.ResponseParameters{{Size: int32(reply)}},
		Payload:            &pb.Payload{Body: make([]byte, request)},
	}
}

type cases struct {
	connection *grpc.ClientConn
	service    pb.TestServiceClient
}

// Messages.

func (c *cases) emptyUnary() {
	ctx, cancel := timed()
	defer cancel()
	_, err := c.service.EmptyCall(ctx, &pb.Empty{})
	check(err)
}

func call(service pb.TestServiceClient) {
	ctx, cancel := timed()
	defer cancel()
	reply, err := service.UnaryCall(ctx, large())
	check(err)
	equal(bytes.Equal(reply.GetPayload().GetBody(), make([]byte, 314159)), true, "the payload is whole")
}

func (c *cases) largeUnary() { call(c.service) }

func (c *cases) clientStreaming() {
	ctx, cancel := timed()
	defer cancel()
	stream, err := c.service.StreamingInputCall(ctx)
	check(err)
	for _, size := range []int{27182, 8, 1828, 45904} {
		check(stream.Send(&pb.StreamingInputCallRequest{Payload: &pb.Payload{Body: make([]byte, size)}}))
	}
	reply, err := stream.CloseAndRecv()
	check(err)
	equal(reply.AggregatedPayloadSize, int32(74922), "the sum")
}

func (c *cases) serverStreaming() {
	ctx, cancel := timed()
	defer cancel()
	request := &pb.StreamingOutputCallRequest{}
	sizes := []int{31415, 9, 2653, 58979}
	for _, size := range sizes {
		request.ResponseParameters = append(request.ResponseParameters, &pb.ResponseParameters{Size: int32(size)})
	}
	stream, err := c.service.StreamingOutputCall(ctx, request)
	check(err)
	for _, size := range sizes {
		reply, err := stream.Recv()
		check(err)
		equal(len(reply.GetPayload().GetBody()), size, "the size")
	}
	_, err = stream.Recv()
	equal(err, io.EOF, "the end")
}

func (c *cases) pingPong() {
	ctx, cancel := timed()
	defer cancel()
	stream, err := c.service.FullDuplexCall(ctx)
	check(err)
	for _, ping := range pings {
		check(stream.Send(asking(ping[0], ping[1])))
		reply, err := stream.Recv()
		check(err)
		equal(len(reply.GetPayload().GetBody()), ping[0], "the size")
	}
	check(stream.CloseSend())
	_, err = stream.Recv()
	equal(err, io.EOF, "the end")
}

func (c *cases) emptyStream() {
	ctx, cancel := timed()
	defer cancel()
	stream, err := c.service.FullDuplexCall(ctx)
	check(err)
	check(stream.CloseSend())
	_, err = stream.Recv()
	equal(err, io.EOF, "the end")
}

func (c *cases) halfDuplex() {
	ctx, cancel := timed()
	defer cancel()
	stream, err := c.service.HalfDuplexCall(ctx)
	check(err)
	for _, ping := range pings {
		check(stream.Send(asking(ping[0], ping[1])))
	}
	check(stream.CloseSend())
	for _, ping := range pings {
		reply, err := stream.Recv()
		check(err)
		equal(len(reply.GetPayload().GetBody()), ping[0], "the size")
	}
	_, err = stream.Recv()
	equal(err, io.EOF, "the end")
}

// Metadata.

func (c *cases) echo(value, binary string) {
	ctx, cancel := timed()
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, header, value, trailer, binary)
	compare := func(headers, trailers metadata.MD) {
		equal(strings.Join(headers.Get(header), "|"), value, "the header")
		equal(strings.Join(trailers.Get(trailer), "|"), binary, "the trailer")
	}
	var headers, trailers metadata.MD
	_, err := c.service.UnaryCall(ctx, large(), grpc.Header(&headers), grpc.Trailer(&trailers))
	check(err)
	compare(headers, trailers)
	stream, err := c.service.FullDuplexCall(ctx)
	check(err)
	check(stream.Send(asking(314159, 271828)))
	check(stream.CloseSend())
	_, err = stream.Recv()
	check(err)
	_, err = stream.Recv()
	equal(err, io.EOF, "the end")
	headers, err = stream.Header()
	check(err)
	compare(headers, stream.Trailer())
}

func (c *cases) customMetadata() { c.echo("test_initial_metadata_value", "\xab\xab\xab") }
func (c *cases) largeMetadata()  { c.echo(strings.Repeat("m", 7<<10), "\x00\xff\x10") }

// Endings.

func (c *cases) status(message string) {
	ctx, cancel := timed()
	defer cancel()
	due := &pb.EchoStatus{Code: 2, Message: message}
	_, first := c.service.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: due})
	stream, err := c.service.FullDuplexCall(ctx)
	check(err)
	check(stream.Send(&pb.StreamingOutputCallRequest{ResponseStatus: due}))
	check(stream.CloseSend())
	_, second := stream.Recv()
	for _, err := range []error{first, second} {
		expect(codes.Unknown, err)
		equal(status.Convert(err).Message(), message, "the message")
	}
}

func (c *cases) statusCodeAndMessage() { c.status("test status message") }
func (c *cases) specialStatusMessage() {
	c.status("\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n")
}

func (c *cases) unimplementedMethod() {
	ctx, cancel := timed()
	defer cancel()
	_, err := c.service.UnimplementedCall(ctx, &pb.Empty{})
	expect(codes.Unimplemented, err)
}

func (c *cases) unimplementedService() {
	ctx, cancel := timed()
	defer cancel()
	_, err := pb.NewUnimplementedServiceClient(c.connection).UnimplementedCall(ctx, &pb.Empty{})
	expect(codes.Unimplemented, err)
}

func (c *cases) cancelAfterBegin() {
	ctx, cancel := timed()
	stream, err := c.service.StreamingInputCall(ctx)
	check(err)
	cancel()
	_, err = stream.CloseAndRecv()
	expect(codes.Canceled, err)
}

func (c *cases) cancelAfterFirstResponse() {
	ctx, cancel := timed()
	stream, err := c.service.FullDuplexCall(ctx)
	check(err)
	check(stream.Send(asking(31415, 27182)))
	_, err = stream.Recv()
	check(err)
	cancel()
	_, err = stream.Recv()
	expect(codes.Canceled, err)
}

func (c *cases) timeoutOnSleepingServer() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	stream, err := c.service.FullDuplexCall(ctx)
	if err == nil {
		stream.Send(&pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: make([]byte, 27182)}})
		_, err = stream.Recv()
	}
	expect(codes.DeadlineExceeded, err)
}

// Load.

func (c *cases) concurrentLargeUnary() {
	errors := make(chan error, 1000)
	for index := 0; index < cap(errors); index++ {
		go func() {
			ctx, cancel := timed()
			defer cancel()
			reply, err := c.service.UnaryCall(ctx, large())
			if err == nil && len(reply.GetPayload().GetBody()) != 314159 {
				err = fmt.Errorf("a payload of another size")
			}
			errors <- err
		}()
	}
	for index := 0; index < cap(errors); index++ {
		check(<-errors)
	}
}

func (c *cases) flowControlPushback() {
	const count, size = 1000, 64 << 10
	ctx, cancel := timed()
	defer cancel()
	stream, err := c.service.FullDuplexCall(ctx)
	check(err)
	var written int64
	go func() {
		for index := 0; index < count && stream.Send(asking(size, size)) == nil; index++ {
			atomic.AddInt64(&written, 1)
		}
		stream.CloseSend()
	}()
	start := time.Now()
	held, since := int64(0), start
	for time.Since(start) < 10*time.Second && (held == 0 || time.Since(since) < 500*time.Millisecond) {
		time.Sleep(20 * time.Millisecond)
		if now := atomic.LoadInt64(&written); now != held {
			held, since = now, time.Now()
		}
	}
	if held == count {
		fail("all requests left, and no reply was read")
	}
	for index := 0; index < count; index++ {
		reply, err := stream.Recv()
		check(err)
		equal(len(reply.GetPayload().GetBody()), size, "the size")
	}
	_, err = stream.Recv()
	equal(err, io.EOF, "the end")
}

func (c *cases) rpcSoak() {
	for index := 0; index < *iterations; index++ {
		call(c.service)
	}
}

func (c *cases) channelSoak() {
	for index := 0; index < *iterations; index++ {
		connection := connect()
		call(pb.NewTestServiceClient(connection))
		connection.Close()
	}
}

// Services about services.

func (c *cases) healthCheck() {
	ctx, cancel := timed()
	defer cancel()
	health := healthpb.NewHealthClient(c.connection)
	for _, name := range []string{"", "grpc.testing.XdsUpdateHealthService"} {
		reply, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: name})
		check(err)
		equal(reply.Status, healthpb.HealthCheckResponse_SERVING, "the state")
	}
	_, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: "no.Service"})
	expect(codes.NotFound, err)
}

func (c *cases) healthWatch() {
	ctx, cancel := timed()
	defer cancel()
	control := pb.NewXdsUpdateHealthServiceClient(c.connection)
	health := healthpb.NewHealthClient(c.connection)
	stream, err := health.Watch(ctx, &healthpb.HealthCheckRequest{Service: "grpc.testing.TestService"})
	check(err)
	next := func(due healthpb.HealthCheckResponse_ServingStatus) {
		reply, err := stream.Recv()
		check(err)
		equal(reply.Status, due, "the state")
	}
	next(healthpb.HealthCheckResponse_SERVING)
	_, err = control.SetNotServing(ctx, &pb.Empty{})
	check(err)
	next(healthpb.HealthCheckResponse_NOT_SERVING)
	_, err = control.SetServing(ctx, &pb.Empty{})
	check(err)
	next(healthpb.HealthCheckResponse_SERVING)
	stream, err = health.Watch(ctx, &healthpb.HealthCheckRequest{Service: "no.Service"})
	check(err)
	next(healthpb.HealthCheckResponse_SERVICE_UNKNOWN)
}

func (c *cases) reflection() {
	ctx, cancel := timed()
	defer cancel()
	stream, err := reflectionpb.NewServerReflectionClient(c.connection).ServerReflectionInfo(ctx)
	check(err)
	ask := func(request *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		check(stream.Send(request))
		reply, err := stream.Recv()
		check(err)
		return reply
	}
	reply := ask(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
	isListed := false
	for _, service := range reply.GetListServicesResponse().GetService() {
		isListed = isListed || service.Name == "grpc.testing.TestService"
	}
	equal(isListed, true, "the service is in the list")
	reply = ask(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{
			FileContainingSymbol: "grpc.testing.TestService"}})
	equal(len(reply.GetFileDescriptorResponse().GetFileDescriptorProto()) > 0, true, "there is a descriptor")
	reply = ask(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "no.Symbol"}})
	equal(codes.Code(reply.GetErrorResponse().GetErrorCode()), codes.NotFound, "the error for an unknown symbol")
}

func main() {
	flag.Parse()
	c := &cases{connection: connect()}
	c.service = pb.NewTestServiceClient(c.connection)
	all := map[string]func(){
		"empty_unary":                 c.emptyUnary,
		"large_unary":                 c.largeUnary,
		"client_streaming":            c.clientStreaming,
		"server_streaming":            c.serverStreaming,
		"ping_pong":                   c.pingPong,
		"empty_stream":                c.emptyStream,
		"half_duplex":                 c.halfDuplex,
		"custom_metadata":             c.customMetadata,
		"large_metadata":              c.largeMetadata,
		"status_code_and_message":     c.statusCodeAndMessage,
		"special_status_message":      c.specialStatusMessage,
		"unimplemented_method":        c.unimplementedMethod,
		"unimplemented_service":       c.unimplementedService,
		"cancel_after_begin":          c.cancelAfterBegin,
		"cancel_after_first_response": c.cancelAfterFirstResponse,
		"timeout_on_sleeping_server":  c.timeoutOnSleepingServer,
		"concurrent_large_unary":      c.concurrentLargeUnary,
		"flow_control_pushback":       c.flowControlPushback,
		"health_check":                c.healthCheck,
		"health_watch":                c.healthWatch,
		"reflection":                  c.reflection,
		"rpc_soak":                    c.rpcSoak,
		"channel_soak":                c.channelSoak,
	}
	hasFailed := false
	run := func(name string, body func()) {
		defer func() {
			if why := recover(); why != nil {
				hasFailed = true
				fmt.Printf("FAIL %s: %s\n", name, strings.ReplaceAll(fmt.Sprint(why), "\n", " "))
			}
		}()
		body()
		fmt.Printf("ok %s\n", name)
	}
	for _, name := range strings.Split(*testCase, ",") {
		body, isKnown := all[name]
		if !isKnown {
			log.Fatalf("'%s' is no case", name)
		}
		run(name, body)
	}
	if hasFailed {
		os.Exit(1)
	}
}
