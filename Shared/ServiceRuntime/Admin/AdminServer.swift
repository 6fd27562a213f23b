public import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The admin port: HTTP/1.1, read-only, for probes and Prometheus, never for clients.
///
/// It always serves `/livez`, `/readyz` and `/metrics`.
public final class AdminServer: Sendable {
    /// Connections at once; further ones are closed.
    static let maximumConnections = 64
    static let idleTimeout = TimeAmount.seconds(30)

    private let channel: any Channel

    /// The real port, also if 0 was asked for.
    public var port: Int { channel.localAddress?.port ?? 0 }

    private init(channel: any Channel) {
        self.channel = channel
    }

    /// Binds and serves until `close`.
    ///
    /// - Parameters:
    ///   - pages: further pages by path, such as `/debug/rpc`.
    ///   - loops: the event loops of the process's work: it lives while each of them answers.
    public static func start(
        on address: ListenAddress, health: Health, metrics: MetricsRegistry,
        pages: AdminPages = AdminPages(), loops: (any EventLoopGroup)? = nil,
        group: any EventLoopGroup
    ) async throws -> AdminServer {
        let liveness = loops.map { Liveness(of: $0, witness: group) }
        pages.add("/livez") { _ in .liveness(await liveness?.silentLoops() ?? []) }
        pages.add("/readyz") { _ in .readiness(of: health) }
        pages.add("/metrics") { await .metrics(of: metrics, $0) }
        let connections = ConnectionCount(maximum: maximumConnections)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.open(channel) else { return }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(IdleStateHandler(allTimeout: idleTimeout))
                    try pipeline.addHandler(AdminHandler(pages: pages))
                }
            }
            .bind(host: address.host, port: address.port).get()
        return AdminServer(channel: channel)
    }

    public func close() async {
        try? await channel.close()
    }
}
