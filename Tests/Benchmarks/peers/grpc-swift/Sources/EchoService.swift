import GRPCCore

/// `bench.v1.Echo`. Messages pass as bytes: what a codec would cost is not held against the peer.
struct EchoService: RegistrableRPCService {
    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: "bench.v1.Echo", method: "Say"),
            deserializer: Bytes(), serializer: Bytes()
        ) { request, _ in
            let request = try await ServerRequest(stream: request)
            return StreamingServerResponse(
                single: ServerResponse(message: request.message, metadata: [:]))
        }
    }
}

/// Messages as they came.
struct Bytes: MessageSerializer, MessageDeserializer {
    func serialize<Output: GRPCContiguousBytes>(_ message: [UInt8]) -> Output { Output(message) }

    func deserialize<Input: GRPCContiguousBytes>(_ bytes: Input) -> [UInt8] {
        bytes.withUnsafeBytes { Array($0) }
    }
}
