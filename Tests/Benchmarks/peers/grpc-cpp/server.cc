// The peer of rpc-bench-server: the same echo on gRPC C++ with its callback API.
#include <cstdio>
#include <string>

#include <grpcpp/grpcpp.h>

#include "bench.grpc.pb.h"

namespace {

class EchoService final : public bench::v1::Echo::CallbackService {
    grpc::ServerUnaryReactor* Say(
        grpc::CallbackServerContext* context, const bench::v1::EchoMessage* request,
        bench::v1::EchoMessage* reply) override {
        reply->set_payload(request->payload());
        auto* reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }
};

}  // namespace

int main() {
    EchoService service;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    auto server = builder.BuildAndStart();
    std::printf("ready grpc-cpp %s rpc=%d\n", grpc::Version().c_str(), port);
    std::fflush(stdout);
    server->Wait();
}
