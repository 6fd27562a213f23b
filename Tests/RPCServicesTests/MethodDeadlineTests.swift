import AssayMessages
import RPC
import Testing

@Suite("D1: what a call without a deadline in its schema has")
struct MethodDeadlineTests {
    private struct Service: RPCService {
        let method: MethodDescriptor

        func register(in registry: inout MethodRegistry) {
            registry.unary(method) { (request: BenchV1.EchoMessage, _) in request }
        }
    }

    /// What a router gives a call that asks for so much.
    private static func granted(
        _ deadline: Duration?, asking asked: String?, isJSON: Bool = false
    ) -> Duration? {
        let method = MethodDescriptor(
            path: "/a.B/C", kind: .unary, access: .public, deadline: deadline)
        var fields: Metadata = [
            ":method": "POST", ":scheme": "http", ":path": "/a.B/C", ":authority": "a",
            "content-type": isJSON ? "application/json" : "application/grpc", "te": "trailers",
        ]
        if let asked { fields.append(isJSON ? "connect-timeout-ms" : "grpc-timeout", asked) }
        let now = Instant(nanoseconds: 1_000_000_000_000)
        let head = RequestHead(fields: fields, receivedAt: now)
        guard
            case .accept(let acceptance) = ServiceRouter([Service(method: method)])
                .admit(head, from: Peer(address: "a"))
        else { return nil }
        return acceptance.deadline.remaining(at: now)
    }

    @Test("10 s if it asks for none, what it asks for up to 60 s; the schema's where there is one")
    func faces() {
        #expect(Self.granted(nil, asking: nil) == .seconds(10))
        #expect(Self.granted(nil, asking: "30S") == .seconds(30))
        #expect(Self.granted(nil, asking: "5M") == .seconds(60))
        #expect(Self.granted(.seconds(2), asking: "30S") == .seconds(2))
        #expect(Self.granted(.seconds(90), asking: "80S") == .seconds(80))
        #expect(Self.granted(nil, asking: nil, isJSON: true) == .seconds(10))
        #expect(Self.granted(nil, asking: "30000", isJSON: true) == .seconds(30))
        #expect(Self.granted(nil, asking: "300000", isJSON: true) == .seconds(60))
    }
}
