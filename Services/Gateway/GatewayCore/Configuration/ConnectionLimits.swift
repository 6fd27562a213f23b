extension GatewayConfiguration {
    /// What clients' connections may cost, and how long each of their steps may take.
    ///
    /// A process keeps what it started with.
    public struct Connections: Sendable, Hashable {
        /// At once; with as many the listeners pause.
        public var total = 10_000
        /// Of one address at once; further ones are closed.
        public var perAddress = 50
        /// TLS handshakes at once; with as many the listeners pause.
        public var handshakes = 256
        public var timeouts = ConnectionTimeouts()
    }

    /// A connection that takes longer for a step is closed; a call, where only a call is slow.
    public struct ConnectionTimeouts: Sendable, Hashable {
        public var handshake = Duration.seconds(5)
        /// HTTP/2: the preface and SETTINGS. Without TLS also the first bytes of HTTP/1.1.
        public var settings = Duration.seconds(5)
        /// The fields of one request, from their first byte to their last.
        public var headers = Duration.seconds(5)
        public var firstRequest = Duration.seconds(10)
        /// In this time a body that has begun grows by 1 KiB or comes to its end.
        public var body = Duration.seconds(10)
        /// In this time a client takes something of what waits for it.
        public var stall = Duration.seconds(30)
        /// HTTP/1.1: without a request.
        public var idle = Duration.seconds(60)
    }
}
