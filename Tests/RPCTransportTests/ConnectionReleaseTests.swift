import HTTP2
import NIOCore
import NIOEmbedded
import RPC
import Testing

@testable import RPCTransport

@Suite("Connections that have ended")
struct ConnectionReleaseTests {
    @Test(
        "nothing holds a connection, its session or its calls behind its end",
        arguments: [true, false])
    func release(isPolite: Bool) throws {
        let channel = EmbeddedChannel()
        weak var ended: ServerConnection?
        weak var session: HTTP2Session?
        do {
            let connection = ServerConnection(
                handler: ServiceRouter([StreamService()]), profile: .mesh,
                loop: LoopContext.current(on: channel.embeddedEventLoop),
                life: RPCProfile.mesh.life)
            try channel.pipeline.syncOperations.addHandler(
                ConnectionHandler(connection, isTLS: false))
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
            try channel.writeInbound(ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
            // SETTINGS, empty.
            try channel.writeInbound(ByteBuffer(bytes: [0, 0, 0, 4, 0, 0, 0, 0, 0]))
            if isPolite { connection.beginDrain() }
            ended = connection
            session = connection.session
        }
        #expect(session != nil)
        _ = try channel.finish(acceptAlreadyClosed: true)
        channel.embeddedEventLoop.run()
        #expect(ended == nil)
        #expect(session == nil)
    }
}
