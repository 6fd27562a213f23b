// The interop server on gRPC C++, for clients of ours. Prints "ready PORT".
//
//     interop_server [--port=N] [--use_tls --tls_cert_file=F --tls_key_file=F]
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "grpc/testing/test.grpc.pb.h"
#include "inspector.h"

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;
using grpc::WriteOptions;
using grpc::testing::Empty;

namespace {

namespace pb = grpc::testing;
using Inspector = grpc::testing::InteropServerContextInspector;
using OutputRequest = pb::StreamingOutputCallRequest;
using OutputReply = pb::StreamingOutputCallResponse;

void echo_metadata(ServerContext* context) {
    const auto& metadata = context->client_metadata();
    auto header = metadata.find("x-grpc-test-echo-initial");
    if (header != metadata.end()) {
        context->AddInitialMetadata("x-grpc-test-echo-initial", {header->second.data(), header->second.size()});
    }
    auto trailer = metadata.find("x-grpc-test-echo-trailing-bin");
    if (trailer != metadata.end()) {
        context->AddTrailingMetadata("x-grpc-test-echo-trailing-bin", {trailer->second.data(), trailer->second.size()});
    }
}

template <typename Request>
Status asked_for(const Request& request) {
    return Status(static_cast<StatusCode>(request.response_status().code()), request.response_status().message());
}

template <typename Request>
bool is_as_it_says(const ServerContext& context, const Request& request) {
    return !request.has_expect_compressed() ||
           request.expect_compressed().value() == Inspector::last_was_compressed(context);
}

const Status unlike_it_says(StatusCode::INVALID_ARGUMENT, "the request is not compressed as it says");

template <typename Stream>
Status answer(const OutputRequest& request, Stream* stream) {
    if (request.response_status().code() != 0) return asked_for(request);
    for (const auto& parameters : request.response_parameters()) {
        std::this_thread::sleep_for(std::chrono::microseconds(parameters.interval_us()));
        OutputReply reply;
        reply.mutable_payload()->set_body(std::string(parameters.size(), '\0'));
        WriteOptions options;
        if (!parameters.compressed().value()) options.set_no_compression();
        if (!stream->Write(reply, options)) return Status(StatusCode::CANCELLED, "the caller has gone");
    }
    return Status::OK;
}

class TestService final : public pb::TestService::Service {
    // UnimplementedCall is left to the base class, which answers UNIMPLEMENTED.

    Status EmptyCall(ServerContext* context, const Empty*, Empty*) override {
        echo_metadata(context);
        return Status::OK;
    }

    Status UnaryCall(ServerContext* context, const pb::SimpleRequest* request, pb::SimpleResponse* reply) override {
        echo_metadata(context);
        if (!is_as_it_says(*context, *request)) return unlike_it_says;
        if (request->response_status().code() != 0) return asked_for(*request);
        if (request->response_compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
        reply->mutable_payload()->set_body(std::string(request->response_size(), '\0'));
        return Status::OK;
    }

    Status CacheableUnaryCall(ServerContext* context, const pb::SimpleRequest* request, pb::SimpleResponse* reply) override {
        return UnaryCall(context, request, reply);
    }

    Status StreamingOutputCall(ServerContext* context, const OutputRequest* request, grpc::ServerWriter<OutputReply>* stream) override {
        for (const auto& parameters : request->response_parameters()) {
            if (parameters.compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
        }
        echo_metadata(context);
        return answer(*request, stream);
    }

    Status StreamingInputCall(ServerContext* context, grpc::ServerReader<pb::StreamingInputCallRequest>* stream, pb::StreamingInputCallResponse* reply) override {
        echo_metadata(context);
        pb::StreamingInputCallRequest request;
        size_t size = 0;
        while (stream->Read(&request)) {
            if (!is_as_it_says(*context, request)) return unlike_it_says;
            size += request.payload().body().size();
        }
        reply->set_aggregated_payload_size(size);
        return Status::OK;
    }

    Status FullDuplexCall(ServerContext* context, grpc::ServerReaderWriter<OutputReply, OutputRequest>* stream) override {
        echo_metadata(context);
        OutputRequest request;
        while (stream->Read(&request)) {
            Status status = answer(request, stream);
            if (!status.ok()) return status;
        }
        return Status::OK;
    }

    Status HalfDuplexCall(ServerContext* context, grpc::ServerReaderWriter<OutputReply, OutputRequest>* stream) override {
        echo_metadata(context);
        std::vector<OutputRequest> requests;
        for (OutputRequest request; stream->Read(&request);) requests.push_back(request);
        for (const auto& request : requests) {
            Status status = answer(request, stream);
            if (!status.ok()) return status;
        }
        return Status::OK;
    }
};

class HealthControl final : public pb::XdsUpdateHealthService::Service {
   public:
    grpc::HealthCheckServiceInterface* health = nullptr;

   private:
    Status SetServing(ServerContext*, const Empty*, Empty*) override {
        health->SetServingStatus("grpc.testing.TestService", true);
        return Status::OK;
    }

    Status SetNotServing(ServerContext*, const Empty*, Empty*) override {
        health->SetServingStatus("grpc.testing.TestService", false);
        return Status::OK;
    }
};

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int count, char** arguments) {
    std::map<std::string, std::string> options{{"port", "0"}};
    for (int index = 1; index < count; ++index) {
        std::string argument = arguments[index];
        auto equals = argument.find('=');
        options[argument.substr(2, equals - 2)] = equals == std::string::npos ? "" : argument.substr(equals + 1);
    }
    auto credentials = grpc::InsecureServerCredentials();
    if (options.count("use_tls")) {
        grpc::SslServerCredentialsOptions tls;
        tls.pem_key_cert_pairs.push_back({contents(options["tls_key_file"]), contents(options["tls_cert_file"])});
        credentials = grpc::SslServerCredentials(tls);
    }
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    TestService service;
    HealthControl control;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:" + options["port"], credentials, &port);
    builder.RegisterService(&service);
    builder.RegisterService(&control);
    auto server = builder.BuildAndStart();
    if (!server) return 1;
    control.health = server->GetHealthCheckService();
    control.health->SetServingStatus("grpc.testing.TestService", true);
    control.health->SetServingStatus("grpc.testing.XdsUpdateHealthService", true);
    std::printf("ready %d\n", port);
    std::fflush(stdout);
    server->Wait();
}
