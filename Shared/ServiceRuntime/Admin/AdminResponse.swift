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

    /// `body` must be JSON already.
    public static func json(_ body: String, status: Int = 200) -> AdminResponse {
        AdminResponse(status: status, contentType: "application/json", body: body)
    }
}

extension AdminResponse {
    static let alive = AdminResponse.text("alive\n")

    static func readiness(of health: Health) -> AdminResponse {
        let unready = health.unready
        if unready.isEmpty { return .text("ready\n") }
        let lines = unready.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }
        return .text("not ready\n" + lines.joined(), status: 503)
    }

    static func metrics(of registry: MetricsRegistry) -> AdminResponse {
        AdminResponse(contentType: PrometheusText.contentType, body: registry.text())
    }
}
