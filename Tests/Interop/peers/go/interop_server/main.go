// The interop server on grpc-go, for clients of ours. Prints "ready PORT".
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	pb "assay/interop/testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
)

const (
	header  = "x-grpc-test-echo-initial"
	trailer = "x-grpc-test-echo-trailing-bin"
)

func echoed(ctx context.Context) (headers, trailers metadata.MD) {
	incoming, _ := metadata.FromIncomingContext(ctx)
	pick := func(name string) metadata.MD {
		if values := incoming.Get(name); len(values) > 0 {
			return metadata.Pairs(name, values[0])
		}
		return nil
	}
	return pick(header), pick(trailer)
}

func echo(ctx context.Context) {
	headers, trailers := echoed(ctx)
	grpc.SetHeader(ctx, headers)
	grpc.SetTrailer(ctx, trailers)
}

func echoStream(stream grpc.ServerStream) {
	headers, trailers := echoed(stream.Context())
	stream.SetHeader(headers)
	stream.SetTrailer(trailers)
}

func asked(echo *pb.EchoStatus) error {
	if echo.GetCode() == 0 {
		return nil
	}
	return status.Error(codes.Code(echo.GetCode()), echo.GetMessage())
}

func payload(size int32) *pb.Payload { return &pb.Payload{Body: make([]byte, size)} }

type replies interface {
	Send(*pb.StreamingOutputCallResponse) error
}

func answer(request *pb.StreamingOutputCallRequest, stream replies) error {
	if err := asked(request.ResponseStatus); err != nil {
		return err
	}
	for _, parameters := range request.ResponseParameters {
		time.Sleep(time.Duration(parameters.IntervalUs) * time.Microsecond)
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: payload(parameters.Size)}); err != nil {
			return err
		}
	}
	return nil
}

// UnimplementedCall is left to the embedded type, which answers UNIMPLEMENTED.
type testService struct {
	pb.UnimplementedTestServiceServer
}

func (*testService) EmptyCall(ctx context.Context, _ *pb.Empty) (*pb.Empty, error) {
	echo(ctx)
	return &pb.Empty{}, nil
}

func (*testService) UnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	echo(ctx)
	if err := asked(request.ResponseStatus); err != nil {
		return nil, err
	}
	return &pb.SimpleResponse{Payload: payload(request.ResponseSize)}, nil
}

func (s *testService) CacheableUnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return s.UnaryCall(ctx, request)
}

func (*testService) StreamingOutputCall(request *pb.StreamingOutputCallRequest, stream pb.TestService_StreamingOutputCallServer) error {
	echoStream(stream)
	return answer(request, stream)
}

func (*testService) StreamingInputCall(stream pb.TestService_StreamingInputCallServer) error {
	echoStream(stream)
	sum := 0
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: int32(sum)})
		}
		if err != nil {
			return err
		}
		sum += len(request.GetPayload().GetBody())
	}
}

func (*testService) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	echoStream(stream)
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := answer(request, stream); err != nil {
			return err
		}
	}
}

func (*testService) HalfDuplexCall(stream pb.TestService_HalfDuplexCallServer) error {
	echoStream(stream)
	var requests []*pb.StreamingOutputCallRequest
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		requests = append(requests, request)
	}
	for _, request := range requests {
		if err := answer(request, stream); err != nil {
			return err
		}
	}
	return nil
}

type healthControl struct {
	pb.UnimplementedXdsUpdateHealthServiceServer
	health *health.Server
}

func (c *healthControl) SetServing(context.Context, *pb.Empty) (*pb.Empty, error) {
	c.health.SetServingStatus("grpc.testing.TestService", healthpb.HealthCheckResponse_SERVING)
	return &pb.Empty{}, nil
}

func (c *healthControl) SetNotServing(context.Context, *pb.Empty) (*pb.Empty, error) {
	c.health.SetServingStatus("grpc.testing.TestService", healthpb.HealthCheckResponse_NOT_SERVING)
	return &pb.Empty{}, nil
}

func main() {
	port := flag.Int("port", 0, "the port to listen on")
	tls := flag.Bool("use_tls", false, "speak TLS")
	certificate := flag.String("tls_cert_file", "", "certificate chain in PEM")
	key := flag.String("tls_key_file", "", "its key in PEM")
	flag.Parse()

	var options []grpc.ServerOption
	if *tls {
		credentials, err := credentials.NewServerTLSFromFile(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(credentials))
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(options...)
	states := health.NewServer()
	for _, name := range []string{"grpc.testing.TestService", "grpc.testing.XdsUpdateHealthService"} {
		states.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	pb.RegisterTestServiceServer(server, &testService{})
	pb.RegisterXdsUpdateHealthServiceServer(server, &healthControl{health: states})
	healthpb.RegisterHealthServer(server, states)
	reflection.Register(server)
	fmt.Printf("ready %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.Serve(listener))
}
