public import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import TLS

/// A document that was got from an https address: one request, no redirect, bounded in size and time.
///
/// For the few bytes a service needs of others, such as the keys of an issuer of tokens. No address of
/// a reply is ever followed.
public struct SmallDocument: Sendable {
    public var body: [UInt8]
    /// Values of `cache-control`, joined with commas.
    public var cacheControl: String?

    public enum Failure: Error, Hashable, CustomStringConvertible {
        case address(String)
        /// The host could not be reached, or is not who it should be.
        case connection(String)
        case status(Int)
        /// The reply sends us elsewhere, where we do not go.
        case redirected(Int)
        case tooLarge(Int)
        case encoding(String)
        case endedEarly
        case timeout

        public var description: String {
            switch self {
            case .address(let text): "\"\(text)\" is no https address"
            case .connection(let why): "no connection: \(why)"
            case .status(let status): "answered with status \(status)"
            case .redirected(let status):
                "answered with a redirect (\(status)), which is not followed"
            case .tooLarge(let limit): "answered with more than \(limit) bytes"
            case .encoding(let name):
                "answered in the encoding \"\(name)\", which was not asked for"
            case .endedEarly: "ended before its answer did"
            case .timeout: "did not answer in time"
            }
        }
    }

    /// Gets the document.
    ///
    /// - Parameters:
    ///   - trust: Who may vouch for the host.
    ///   - timeout: From the look-up of the name to the last byte.
    public static func get(
        _ url: String, trust: TLSTrust, maximumBytes: Int, timeout: Duration,
        group: any EventLoopGroup
    ) async throws -> SmallDocument {
        guard let address = SecureAddress(url) else { throw Failure.address(url) }
        let context = try TLSContext.client(
            trust: trust, serverName: address.host, versions: .edge,
            alpn: [ApplicationProtocol.http11])
        let loop = group.next()
        let promise = loop.makePromise(of: SmallDocument.self)
        let limit = TimeAmount(timeout)
        let late = loop.scheduleTask(in: limit) { promise.fail(Failure.timeout) }
        ClientBootstrap(group: loop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(TLSHandler(context: context, handshakeTimeout: limit))
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(
                        SmallDocumentHandler(address, maximumBytes: maximumBytes, promise))
                }
            }
            .connect(host: address.host, port: address.port)
            .whenComplete { result in
                switch result {
                case .failure(let error): promise.fail(Failure.connection("\(error)"))
                case .success(let channel):
                    promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                }
            }
        defer { late.cancel() }
        return try await promise.futureResult.get()
    }
}
