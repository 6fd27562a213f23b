/// Services and rpcs, which peers know by name, and the policy of each call.
extension SchemaComparer {
    mutating func compareServices() {
        let byName = Dictionary(new.schema.services.map { ($0.fullName, $0) }) { first, _ in first }
        let packages = Set(new.schema.packages.map(\.name))
        for service in old.schema.services {
            if let now = byName[service.fullName] {
                compare(service, now)
            } else if packages.contains(old.schema.packages[service.package].name) {
                report(
                    .callRemoved, service.fullName, "service '\(service.name)' is gone",
                    old: service.location, new: nil)
            }
        }
    }

    private mutating func compare(_ before: Service, _ now: Service) {
        let byName = Dictionary(now.methods.map { ($0.name, $0) }) { first, _ in first }
        for method in before.methods {
            let name = "\(before.fullName).\(method.name)"
            guard let counterpart = byName[method.name] else {
                report(
                    .callRemoved, name, "rpc '\(method.name)' is gone", old: method.location,
                    new: now.location)
                continue
            }
            let call = Call(
                name: name, before: method, now: counterpart,
                serviceBefore: before.annotations, serviceNow: now.annotations)
            compareTypes(call)
            comparePolicy(call)
            compareSizes(call)
        }
    }

    /// An rpc before and now.
    private struct Call {
        let name: String
        let before: Method
        let now: Method
        let serviceBefore: [Annotation]
        let serviceNow: [Annotation]

        /// The annotation that says it, on the rpc or its service; else the rpc itself.
        func places(_ annotations: String...) -> (old: Location, new: Location) {
            func place(_ method: Method, _ service: [Annotation]) -> Location {
                for set in [method.annotations, service] {
                    for name in annotations {
                        if let location = set.location(name) { return location }
                    }
                }
                return method.location
            }
            return (place(before, serviceBefore), place(now, serviceNow))
        }
    }

    // MARK: Wire

    private mutating func compareTypes(_ call: Call) {
        let (before, now) = (call.before, call.now)
        let directions = [
            (before.request, now.request, "takes"), (before.response, now.response, "returns"),
        ]
        for (request, counterpart, verb) in directions
        where !isSameType(request, counterpart, old: before.location, new: now.location) {
            let types = (
                old.schema.types[request.index].fullName,
                new.schema.types[counterpart.index].fullName
            )
            report(
                .callTypeChanged, call.name,
                "'\(before.name)' \(verb) '\(types.1)', no longer '\(types.0)'",
                old: before.location, new: now.location)
        }
        let streams = [
            (before.streamsRequest, now.streamsRequest, "request"),
            (before.streamsResponse, now.streamsResponse, "response"),
        ]
        for (was, isNow, what) in streams where was != isNow {
            report(
                .streamingChanged, call.name,
                "the \(what) of '\(before.name)' is \(isNow ? "a stream now" : "no longer a stream")",
                old: before.location, new: now.location)
        }
    }

    // MARK: Policy

    private mutating func comparePolicy(_ call: Call) {
        let (before, now) = (call.before.policy, call.now.policy)
        if before.access != now.access {
            let places = call.places("auth", "public")
            report(
                .accessChanged, call.name,
                "'\(call.now.name)' was \(before.access.text) and is \(now.access.text)",
                old: places.old, new: places.new)
        }
        if let text = weakened(call) {
            let places = call.places("idempotent", "readonly")
            report(.idempotencyWeakened, call.name, text, old: places.old, new: places.new)
        }
        if now.cost > before.cost {
            let places = call.places("cost")
            report(
                .effortReduced, call.name,
                "'\(call.now.name)' costs \(now.cost), no longer \(before.cost)",
                old: places.old, new: places.new)
        }
        if let deadline = now.deadlineNanoseconds, deadline < before.deadlineNanoseconds ?? .max {
            let places = call.places("deadline")
            let was = before.deadlineNanoseconds.map {
                "no longer \(Units.text($0, Units.durations))"
            }
            report(
                .effortReduced, call.name,
                "'\(call.now.name)' has \(Units.text(deadline, Units.durations)), "
                    + (was ?? "and had no deadline"),
                old: places.old, new: places.new)
        }
    }

    /// What callers can no longer rely on when they repeat a call.
    private func weakened(_ call: Call) -> String? {
        let name = call.now.name
        switch (call.before.policy.idempotency, call.now.policy.idempotency) {
        case (.none, _), (.readonly, .readonly): return nil
        case (.readonly, _): return "'\(name)' is no longer '@readonly'"
        case (.keyed, .none), (.keyed, .readonly): return "'\(name)' is no longer '@idempotent'"
        case (.keyed(let before, let ttl), .keyed(let now, let newTTL)):
            if before != now { return "'\(name)' has another idempotency key" }
            guard newTTL < ttl else { return nil }
            return "'\(name)' remembers its key for \(Units.text(newTTL, Units.durations)), "
                + "no longer \(Units.text(ttl, Units.durations))"
        }
    }

    /// An explicit limit that is lower than what was accepted before. Computed limits follow the
    /// bounds, whose tightening is reported where it happens.
    private mutating func compareSizes(_ call: Call) {
        let (before, now) = (call.before, call.now)
        let directions = [
            (
                old.bounds.limit(before.request, explicit: before.policy.maximumRequestBytes),
                new.bounds.limit(now.request, explicit: now.policy.maximumRequestBytes),
                "request",
                before.policy.maximumRequestBytes != nil || now.policy.maximumRequestBytes != nil
            ),
            (
                old.bounds.limit(before.response, explicit: before.policy.maximumResponseBytes),
                new.bounds.limit(now.response, explicit: now.policy.maximumResponseBytes),
                "response",
                before.policy.maximumResponseBytes != nil
                    || now.policy.maximumResponseBytes != nil
            ),
        ]
        for (limit, newLimit, what, isExplicit) in directions where isExplicit {
            guard let limit, let newLimit, newLimit < limit else { continue }
            let places = call.places("max_\(what)")
            report(
                .sizeLimitLowered, call.name,
                "the \(what) of '\(now.name)' may have \(newLimit) bytes, no longer \(limit)",
                old: places.old, new: places.new)
        }
    }
}

extension MethodPolicy.Access {
    /// "public", or the scope that a caller needs.
    var text: String {
        switch self {
        case .public: "public"
        case .scope(let scope, let mutualTLS):
            "for scope '\(scope)'" + (mutualTLS ? " over mutual TLS" : "")
        }
    }
}
