public import RPCTransport

/// The interoperability cases, by the names that all gRPC implementations give them.
public enum InteropCase: String, CaseIterable, Sendable {
    case emptyUnary = "empty_unary"
    case largeUnary = "large_unary"
    case clientStreaming = "client_streaming"
    case serverStreaming = "server_streaming"
    case pingPong = "ping_pong"
    case emptyStream = "empty_stream"
    case halfDuplex = "half_duplex"
    case customMetadata = "custom_metadata"
    case largeMetadata = "large_metadata"
    case statusCodeAndMessage = "status_code_and_message"
    case specialStatusMessage = "special_status_message"
    case unimplementedMethod = "unimplemented_method"
    case unimplementedService = "unimplemented_service"
    case cancelAfterBegin = "cancel_after_begin"
    case cancelAfterFirstResponse = "cancel_after_first_response"
    case timeoutOnSleepingServer = "timeout_on_sleeping_server"
    case concurrentLargeUnary = "concurrent_large_unary"
    case flowControlPushback = "flow_control_pushback"
    case healthCheck = "health_check"
    case healthWatch = "health_watch"
    case reflection = "reflection"
    case serverCompressedUnary = "server_compressed_unary"
    case clientCompressedUnary = "client_compressed_unary"
    case serverCompressedStreaming = "server_compressed_streaming"
    case clientCompressedStreaming = "client_compressed_streaming"
    case rpcSoak = "rpc_soak"
    case channelSoak = "channel_soak"
}

extension InteropCase: CustomStringConvertible {
    public var description: String { rawValue }
}

extension InteropCase {
    /// Runs the case; throws what was not as it has to be.
    public func run(against peer: InteropPeer) async throws {
        switch self {
        case .emptyUnary: try await peer.emptyUnary()
        case .largeUnary: try await peer.largeUnary()
        case .clientStreaming: try await peer.clientStreaming()
        case .serverStreaming: try await peer.serverStreaming()
        case .pingPong: try await peer.pingPong()
        case .emptyStream: try await peer.emptyStream()
        case .halfDuplex: try await peer.halfDuplex()
        case .customMetadata: try await peer.customMetadata()
        case .largeMetadata: try await peer.largeMetadata()
        case .statusCodeAndMessage: try await peer.statusCodeAndMessage()
        case .specialStatusMessage: try await peer.specialStatusMessage()
        case .unimplementedMethod: try await peer.unimplementedMethod()
        case .unimplementedService: try await peer.unimplementedService()
        case .cancelAfterBegin: try await peer.cancelAfterBegin()
        case .cancelAfterFirstResponse: try await peer.cancelAfterFirstResponse()
        case .timeoutOnSleepingServer: try await peer.timeoutOnSleepingServer()
        case .concurrentLargeUnary: try await peer.concurrentLargeUnary()
        case .flowControlPushback: try await peer.flowControlPushback()
        case .healthCheck: try await peer.healthCheck()
        case .healthWatch: try await peer.healthWatch()
        case .reflection: try await peer.reflection()
        case .serverCompressedUnary: try await peer.serverCompressedUnary()
        case .clientCompressedUnary: try await peer.clientCompressedUnary()
        case .serverCompressedStreaming: try await peer.serverCompressedStreaming()
        case .clientCompressedStreaming: try await peer.clientCompressedStreaming()
        case .rpcSoak: try await peer.rpcSoak()
        case .channelSoak: try await peer.channelSoak()
        }
    }
}

/// The server that cases are run against.
public struct InteropPeer: Sendable {
    let client: RPCClient
    let connect: @Sendable () throws -> RPCClient
    let soak: Soak

    /// How long a soak is, and what it may cost.
    public struct Soak: Sendable {
        public var iterations: Int
        public var maximumFailures: Int
        public var maximumLatency: Duration

        public init(
            iterations: Int = 10, maximumFailures: Int = 0, maximumLatency: Duration = .seconds(1)
        ) {
            self.iterations = iterations
            self.maximumFailures = maximumFailures
            self.maximumLatency = maximumLatency
        }
    }

    /// - Parameter connect: makes a further client of the same server.
    public init(
        client: RPCClient, soak: Soak = Soak(), connect: @escaping @Sendable () throws -> RPCClient
    ) {
        self.client = client
        self.soak = soak
        self.connect = connect
    }
}

/// What a peer did that it must not do.
public struct InteropFailure: Error, CustomStringConvertible {
    public let description: String
}

/// Throws unless what has to hold does.
func require(_ holds: Bool, _ message: @autoclosure () -> String) throws {
    if !holds { throw InteropFailure(description: message()) }
}

func requireEqual<Value: Equatable>(_ found: Value, _ due: Value, _ what: String) throws {
    try require(found == due, "\(what): \(found) instead of \(due)")
}
