public import RPC

/// What the configuration says of one method, of its service, and of its upstream.
public struct RouteSettings: Sendable, Hashable {
    /// One bit for each listener that it is reachable on.
    let listeners: UInt16
    /// Whether callers without a verified certificate are refused, whoever they are.
    public let requiresCertificate: Bool
    /// Whether it is refused while the access log cannot be written.
    public let isAudited: Bool
    /// How much its calls matter whose client and plan say nothing.
    public let criticality: Criticality?
    /// No call takes longer, whatever the method allows.
    public let callTimeout: Duration?
    /// Of one stream, in each direction; nil bounds neither.
    public let maximumMessages: Int?
    public let maximumBytes: Int?

    init(_ method: MethodDescriptor, _ configuration: GatewayConfiguration) {
        let entry = configuration.routes.first { $0.service == method.service }
        let whole = entry?.settings ?? GatewayConfiguration.CallSettings()
        let own = entry?.methods[String(method.name)] ?? GatewayConfiguration.CallSettings()
        listeners = configuration.listeners.indices.reduce(into: 0) { bits, index in
            let name = configuration.listeners[index].name
            if entry?.listeners?.contains(name) ?? true { bits |= 1 << UInt16(index) }
        }
        requiresCertificate = (own.clientCertificate ?? whole.clientCertificate) == .required
        isAudited = own.isAudited ?? whole.isAudited ?? false
        criticality = own.criticality ?? whole.criticality
        callTimeout =
            configuration.upstreams.first { $0.name == entry?.upstream }?.callTimeout
        maximumMessages = own.maximumMessages ?? whole.maximumMessages
        maximumBytes = own.maximumBytes ?? whole.maximumBytes
    }

    /// - Parameter listener: Its index among the configuration's.
    public func isReachable(on listener: Int) -> Bool {
        (0..<16).contains(listener) && listeners >> UInt16(listener) & 1 == 1
    }
}

/// What a listener accepts, at hand for every request.
public struct ListenerPolicy: Sendable {
    public let name: String
    /// Lower-case host names that may be asked for; empty means any.
    let authorities: Set<String>
    /// Nil: pages of other origins get nothing.
    let crossOrigin: CrossOriginPolicy?

    init(_ listener: GatewayConfiguration.Listener) {
        name = listener.name
        authorities = Set(listener.authorities)
        crossOrigin = listener.crossOrigin.map(CrossOriginPolicy.init)
    }
}
