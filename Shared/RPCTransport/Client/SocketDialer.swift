internal import NIOCore
internal import NIOPosix
internal import RPC
package import TLS

/// Connects over TCP and Unix sockets.
package struct SocketDialer: Dialer {
    /// Nil means plaintext.
    let tls: (any TLSContextProvider)?

    package init(tls: (any TLSContextProvider)?) { self.tls = tls }

    package func dial(_ attempt: ConnectAttempt) {
        let confined = LoopConfined(attempt)
        let tls = tls
        let bootstrap = ClientBootstrap(group: attempt.loop.eventLoop)
            .connectTimeout(.nanoseconds(attempt.timeout.saturatedNanoseconds))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: ReadBuffers())
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(TLSHandler(context: tls.current)) }
                    let connection = confined.value.candidate()
                    try pipeline.addHandler(ConnectionHandler(connection, isTLS: tls != nil))
                }
            }
        open(attempt.endpoint, bootstrap).whenComplete { result in
            do {
                let handler = try result.get().pipeline.syncOperations.handler(
                    type: ConnectionHandler<ClientConnection>.self)
                confined.value.chose(handler.machine)
            } catch {
                confined.value.failed(RPCError(.unavailable, Self.text(error)))
            }
        }
    }

    /// An address at once; a name through the system's resolver, IPv6 and IPv4 250 ms apart.
    private func open(
        _ endpoint: Endpoint, _ bootstrap: ClientBootstrap
    ) -> EventLoopFuture<any Channel> {
        switch endpoint.address {
        case .unix(let path): return bootstrap.connect(unixDomainSocketPath: path)
        case .host(let host, let port):
            let undelayed = bootstrap.channelOption(.socketOption(.tcp_nodelay), value: 1)
            if let address = try? SocketAddress(ipAddress: host, port: port) {
                return undelayed.connect(to: address)
            }
            return undelayed.connect(host: host, port: port)
        }
    }

    /// NIO's connection error names every address it tried; the first reason is enough.
    private static func text(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let first = error.connectionErrors.first { return text(first.error) }
        return "\(error.dnsAError ?? error.dnsAAAAError ?? error)"
    }
}
