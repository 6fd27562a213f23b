/// An answer of the admin port.
public struct AdminResponse: Sendable, Hashable {
    public var status: Int
    public var contentType: String
    public var body: String

    public init(status: Int = 200, contentType: String, body: String) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    public static func text(_ body: String, status: Int = 200) -> AdminResponse {
        AdminResponse(status: status, contentType: "text/plain; charset=utf-8", body: body)
    }

    /// `body` must be HTML already, with everything from outside escaped.
    public static func html(_ body: String, status: Int = 200) -> AdminResponse {
        AdminResponse(status: status, contentType: "text/html; charset=utf-8", body: body)
    }

    /// `body` must be JSON already.
    public static func json(_ body: String, status: Int = 200) -> AdminResponse {
        AdminResponse(status: status, contentType: "application/json", body: body)
    }
}

extension AdminResponse {
    static func liveness(_ silent: [Int]) -> AdminResponse {
        if silent.isEmpty { return .text("alive\n") }
        let lines = silent.map { "event loop \($0) did not answer within 1 s\n" }
        return .text(lines.joined(), status: 503)
    }

    static func readiness(of health: Health) -> AdminResponse {
        let unready = health.unready
        if unready.isEmpty { return .text("ready\n") }
        let lines = unready.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }
        return .text("not ready\n" + lines.joined(), status: 503)
    }

    /// In the form that is asked for: OpenMetrics carries exemplars.
    static func metrics(
        of registry: MetricsRegistry, _ request: AdminRequest
    ) async -> AdminResponse {
        let format: PrometheusText.Format =
            request.accepts("application/openmetrics-text") ? .openMetrics : .prometheus
        return AdminResponse(
            contentType: format.contentType, body: await registry.fresh(format))
    }
}
