extension Compilation {
    /// One line per rpc: the largest request and response, how deep they nest, and the limits that
    /// a server enforces.
    public func boundsReport() -> String {
        var text = ""
        for service in schema.services {
            text += "service \(service.fullName)\n"
            for method in service.methods {
                let request = summary(method.request, method.policy.maximumRequestBytes)
                let response = summary(method.response, method.policy.maximumResponseBytes)
                text += "  \(method.name): request \(request); response \(response)\n"
            }
        }
        return text
    }

    private func summary(_ type: TypeID, _ explicit: UInt64?) -> String {
        let maximum = bounds.maximumBytes(type).map { "at most \($0) bytes" } ?? "unbounded"
        let limit = bounds.limit(type, explicit: explicit).map { "\($0)" } ?? "none"
        return "\(maximum), depth \(bounds.depth(type)), limit \(limit)"
    }
}
