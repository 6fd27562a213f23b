public import NIOPosix
public import RPC
internal import Synchronization

/// Joins a server and its clients within one process, without a socket: for tests.
///
///     let link = InProcessTransport(.encoded)
///     let server = RPCServer(listeners: [.inProcess(link)], services: [RiskAssessmentService()])
///     try await server.start()
///     let risk = RiskAssessment.Client(link.client())
///
/// While nobody serves, calls are UNAVAILABLE. Shut the server down before event loops that it or its
/// clients run on.
public final class InProcessTransport: Sendable {
    public enum Mode: Sendable, CaseIterable {
        /// All that a socket would carry: HTTP/2 with its windows, framing, content types, limits,
        /// retries, keepalive and drain.
        case encoded
        /// A message's bytes go from the caller to the handler, and nothing but the interceptors of
        /// both sides is on their way: no HTTP/2, windows, retries, balancing, compression, queues of
        /// calls or telemetry.
        case direct
    }

    /// The address of whoever is at the other end.
    static let address = "in-process"

    public let mode: Mode
    private let serving = Mutex<RPCServer?>(nil)

    public init(_ mode: Mode) { self.mode = mode }

    /// A client of whoever serves: with `.encoded` an `RPCClient`, whose connections close when it is
    /// let go.
    ///
    /// - Parameters:
    ///   - profile, policy, group: of its connections.
    ///   - serviceConfig: tunes single methods; may change while the client lives.
    ///   - interceptors: around every attempt of every call.
    ///   - claimedIdentity: the SPIFFE ID to claim, which only servers started as insecure believe.
    public func client(
        profile: RPCProfile = .client, policy: ClientPolicy = .standard,
        serviceConfig: ServiceConfigSlot? = nil, interceptors: (any ClientInterceptor)? = nil,
        claimedIdentity: String? = nil,
        group: MultiThreadedEventLoopGroup = .singleton
    ) -> any ClientTransport {
        if mode == .direct {
            return DirectClient(self, interceptors: interceptors, claimedIdentity: claimedIdentity)
        }
        return RPCClient(
            Self.address,
            source: FixedSource(endpoints: [Endpoint(.unix(path: Self.address))]),
            dialer: InProcessDialer(transport: self), profile: profile, policy: policy,
            serviceConfig: serviceConfig, interceptors: interceptors,
            claimedIdentity: claimedIdentity, group: group)
    }

    // MARK: The server's side

    /// Who serves now.
    var server: RPCServer? { serving.withLock(\.self) }

    func serve(_ server: RPCServer) throws(RPCError) {
        let isFree = serving.withLock { serving in
            if serving != nil { return false }
            serving = server
            return true
        }
        if !isFree {
            throw RPCError(.failedPrecondition, "another server serves on this transport")
        }
    }

    func stopServing(_ server: RPCServer) {
        serving.withLock { serving in
            if serving === server { serving = nil }
        }
    }
}
