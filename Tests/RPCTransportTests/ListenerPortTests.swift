import RPC
import RPCTransport
import Testing

@Suite("A listener's port")
struct ListenerPortTests {
    @Test(
        "a port that there is none of is refused, not taken modulo 65,536", arguments: [-1, 99_999])
    func impossiblePort(_ port: Int) async {
        let server = RPCServer(listeners: [.plaintext(port: port)], services: [])
        let error = await #expect(throws: RPCError.self) { try await server.start() }
        #expect(error?.code == .invalidArgument)
    }
}
