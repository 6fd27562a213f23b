import AssayMessages
import RPC
import Testing

@Suite("Idempotency-Key on the JSON face")
struct IdempotencyKeyTests {
    private static let flatMethod = MethodDescriptor(
        path: "/test.v1.Keyed/Flat", kind: .unary, access: .public,
        idempotency: .keyed(path: [1], ttl: .seconds(60)))
    private static let nestedMethod = MethodDescriptor(
        path: "/test.v1.Keyed/Nested", kind: .unary, access: .public,
        idempotency: .keyed(path: [2, 1], ttl: .seconds(60)))

    /// Tells the key that its handler saw.
    private struct Keyed: RPCService {
        func register(in registry: inout MethodRegistry) {
            registry.immediate(IdempotencyKeyTests.flatMethod) {
                (request: GRPCHealthV1.HealthCheckRequest, _) in request
            }
            registry.immediate(IdempotencyKeyTests.nestedMethod) {
                (request: GRPCReflectionV1.ServerReflectionResponse, _) in
                GRPCHealthV1.HealthCheckRequest(
                    service: request.originalRequest?.host ?? "none")
            }
        }
    }

    /// The reply to a JSON request: its status and body.
    private static func call(
        _ body: String, key: String?, _ method: MethodDescriptor = flatMethod,
        type: String = "application/json"
    ) -> (Int, String) {
        var fields = Metadata()
        fields.append(":method", "POST")
        fields.append(":path", method.path)
        fields.append("content-type", type)
        if let key { fields.append("idempotency-key", key) }
        let head = RequestHead(fields: fields, receivedAt: Instant(nanoseconds: 1))
        let router = ServiceRouter([Keyed()])
        let peer = Peer(address: "test")
        guard case .accept(let acceptance) = router.admit(head, from: peer) else { return (0, "") }
        let bytes = Array(body.utf8)
        let outcome = bytes.withUnsafeBytes {
            router.handle(
                InboundRequest(head: head, acceptance: acceptance, peer: peer, body: $0))
        }
        guard case .reply(let reply) = outcome else { return (0, "") }
        switch reply {
        case .raw(let raw), .failed(let raw, _):
            return (raw.status, String(decoding: raw.body, as: UTF8.self))
        case .message, .end: return (0, "")
        }
    }

    @Test(
        "it fills the field that the body leaves out, wherever the text has room",
        arguments: ["{}", " { } ", "{\"service\":null}", "{\"service\" : null }"])
    func fills(body: String) {
        let (status, reply) = Self.call(body, key: "k-1")
        #expect(status == 200)
        #expect(reply == "{\"service\":\"k-1\"}")
    }

    @Test("it may stand in both places if it is the same, also written with escapes")
    func same() {
        for body in ["{\"service\":\"k-1\"}", "{ \"service\" : \"k\\u002d1\" }"] {
            #expect(Self.call(body, key: "k-1").1 == "{\"service\":\"k-1\"}")
        }
        #expect(Self.call("{\"service\":\"k-1\"}", key: nil).0 == 200)
        #expect(Self.call("{}", key: "\"quoted\\\"").1.contains("quoted"))
    }

    @Test("two different keys are 400, with the field that differs")
    func differs() {
        for body in ["{\"service\":\"k-2\"}", "{\"service\":\"\"}"] {
            let (status, reply) = Self.call(body, key: "k-1")
            #expect(status == 400)
            #expect(reply.contains("\"code\":\"invalid_argument\""))
            #expect(reply.contains("/service"))
        }
    }

    @Test("a field inside a message is filled if the message is there")
    func nested() {
        func seen(_ body: String) -> String { Self.call(body, key: "k", Self.nestedMethod).1 }
        #expect(seen("{\"originalRequest\":{}}") == "{\"service\":\"k\"}")
        #expect(
            seen("{\"validHost\":\"{,}\", \"original_request\": {\"listServices\":\"x\"}}")
                == "{\"service\":\"k\"}")
        #expect(seen("{\"validHost\":\"h\"}") == "{\"service\":\"none\"}")
        #expect(
            Self.call("{\"originalRequest\":{\"host\":\"o\"}}", key: "k", Self.nestedMethod).0
                == 400)
    }

    @Test("broken bodies are the decoder's errors, as without a key")
    func hostile() {
        let whole = "{\"originalRequest\":{\"listServices\":\"[{\\\"\"},\"validHost\":\"h\"}"
        let bytes = Array(whole.utf8)
        for end in 0..<bytes.count {
            let cut = String(decoding: bytes[..<end], as: UTF8.self)
            #expect(Self.call(cut, key: "k", Self.nestedMethod).0 == 400)
            var changed = bytes
            changed[end] = changed[end] &* 17 &+ 3
            _ = Self.call(String(decoding: changed, as: UTF8.self), key: "k", Self.nestedMethod)
        }
        for body in ["", "[]", "\"", "{\"a\"", "{\"a\":", "{\"a\":]}", "{,}", "{\"\\", "nul"] {
            #expect(Self.call(body, key: "k").0 == 400)
        }
        let deep = String(repeating: "{\"a\":", count: 100_000)
        #expect(Self.call(deep, key: "k").0 >= 400)
    }
}
