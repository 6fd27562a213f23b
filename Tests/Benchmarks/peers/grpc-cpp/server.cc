// The peer of rpc-bench-server: the same services on gRPC C++ with its callback API.
// With a certificate and a key as arguments it speaks TLS.
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
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

// Writes one message after the other: the next one when the last was taken.
class Replay final : public grpc::ServerWriteReactor<bench::v1::EchoMessage> {
  public:
    explicit Replay(const bench::v1::ReplayRequest* request) : left_(request->count()) {
        message_.set_payload(request->payload());
        Next();
    }
    void OnWriteDone(bool ok) override {
        if (ok) Next(); else Finish(grpc::Status::CANCELLED);
    }
    void OnDone() override { delete this; }

  private:
    void Next() {
        if (left_ == 0) return Finish(grpc::Status::OK);
        left_ -= 1;
        // Without a buffer hint: with it, 1.51 waits for ever for more to write when h2load asks.
        StartWrite(&message_);
    }
    bench::v1::EchoMessage message_;
    unsigned left_;
};

class StreamingService final : public bench::v1::Streaming::CallbackService {
    grpc::ServerWriteReactor<bench::v1::EchoMessage>* Replay(
        grpc::CallbackServerContext*, const bench::v1::ReplayRequest* request) override {
        return new ::Replay(request);
    }
};

std::string contents(const char* path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

std::shared_ptr<grpc::ServerCredentials> credentials(int count, char** arguments) {
    if (count < 3) return grpc::InsecureServerCredentials();
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({contents(arguments[2]), contents(arguments[1])});
    return grpc::SslServerCredentials(options);
}

}  // namespace

int main(int count, char** arguments) {
    EchoService echo;
    StreamingService streaming;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", credentials(count, arguments), &port);
    builder.RegisterService(&echo);
    builder.RegisterService(&streaming);
    auto server = builder.BuildAndStart();
    std::printf("ready gRPC C++ %s rpc=%d\n", grpc::Version().c_str(), port);
    std::fflush(stdout);
    server->Wait();
}
