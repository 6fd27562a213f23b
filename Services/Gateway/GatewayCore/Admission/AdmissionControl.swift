public import RPC
internal import Synchronization

/// How many calls are in flight, of whom, and whether the process can take another.
///
/// It outlives configurations: limits are asked for with each call, counts stay. Any thread may ask.
public final class AdmissionControl: Sendable {
    /// Why a call is refused.
    enum Refusal: Error, Hashable {
        case clientConcurrency(limit: Int)
        case tenantConcurrency(limit: Int)
        case overloaded
    }

    struct Client: Hashable, Sendable {
        let tenant: String
        let client: String
    }

    private final class Part: Sendable {
        let tenants = Mutex<[String: TenantFlight]>([:])
    }

    /// By tenant, so that one lock covers a client and its tenant.
    private let parts: [Part]
    private let total = Atomic(0)
    private let shedder = Mutex(LoadShedder())
    /// Of loops and memory, in millionths.
    private let sampled = Atomic(0)
    private let shed = Mutex<[Criticality: Int]>([:])
    private let replicas: @Sendable () -> Int

    /// - Parameter replicas: How many gateways share the limits now.
    public init(replicas: @escaping @Sendable () -> Int = { 1 }) {
        self.replicas = replicas
        parts = (0..<16).map { _ in Part() }
    }

    /// What the process was found to be at: the greater of loop lag ÷ 50 ms and memory ÷ limit.
    public func note(load: Double) {
        sampled.store(Int(min(max(load, 0), 100) * 1_000_000), ordering: .relaxed)
    }

    /// A limit of all replicas as this one's part, at least 1.
    func share(_ limit: Int) -> Int { Self.share(limit, of: replicas()) }

    private static func share(_ limit: Int, of replicas: Int) -> Int {
        max(1, limit / max(1, replicas))
    }

    /// Counts a call in, until the returned slot is given up.
    ///
    /// - Parameters:
    ///   - client: Nil for a call without identity, which counts to the process alone.
    ///   - capacity: Calls in flight that the process is made for.
    func enter(
        _ client: Principal?, _ limits: GatewayConfiguration.Concurrency,
        _ criticality: Criticality,
        capacity: Int
    ) throws(Refusal) -> InFlightSlot {
        try checkLoad(criticality, capacity: capacity)
        let key = client.map { Client(tenant: $0.tenant, client: $0.client) }
        if let key {
            let replicas = replicas()
            let (mine, all) = (
                Self.share(limits.client, of: replicas), Self.share(limits.tenant, of: replicas)
            )
            let refusal = part(key.tenant).tenants.withLock { tenants in
                tenants[key.tenant, default: TenantFlight()].enter(key.client, mine, of: all)
            }
            if let refusal { throw refusal }
        }
        total.add(1, ordering: .relaxed)
        return InFlightSlot(self, key)
    }

    private func checkLoad(_ criticality: Criticality, capacity: Int) throws(Refusal) {
        let inFlight = Double(total.load(ordering: .relaxed)) / Double(max(1, capacity))
        let load = max(inFlight, Double(sampled.load(ordering: .relaxed)) / 1_000_000)
        let sheds = shedder.withLock { shedder in
            shedder.note(load)
            return shedder.sheds(criticality)
        }
        let isOverShare = criticality != .critical && inFlight >= LoadShedder.sharedPart
        guard sheds || isOverShare else { return }
        shed.withLock { $0[criticality, default: 0] += 1 }
        throw .overloaded
    }

    fileprivate func leave(_ key: Client?) {
        total.subtract(1, ordering: .relaxed)
        guard let key else { return }
        part(key.tenant).tenants.withLock { tenants in
            guard let flight = tenants.index(forKey: key.tenant) else {
                preconditionFailure("a call leaves once")
            }
            // Who has nothing in flight costs no memory.
            if tenants.values[flight].leave(key.client) { tenants.remove(at: flight) }
        }
    }

    private func part(_ tenant: String) -> Part {
        parts[Int(UInt(bitPattern: tenant.hashValue) % UInt(parts.count))]
    }

    // MARK: For metrics and pages

    /// Calls in flight now.
    public var inFlight: Int { total.load(ordering: .relaxed) }

    /// Clients and tenants with calls in flight.
    var counted: Int {
        parts.reduce(0) { sum, part in
            sum + part.tenants.withLock { $0.values.reduce($0.count) { $0 + $1.clients.count } }
        }
    }

    /// Calls in flight of a client on this replica.
    public func inFlight(tenant: String, client: String) -> Int {
        part(tenant).tenants.withLock { $0[tenant]?.clients[client] ?? 0 }
    }

    public func inFlight(tenant: String) -> Int {
        part(tenant).tenants.withLock { $0[tenant]?.total ?? 0 }
    }

    /// How many calls of each importance were refused because of the load.
    public var shedCounts: [(criticality: Criticality, count: Int)] {
        let counts = shed.withLock { $0 }
        return Criticality.allCases.map { ($0, counts[$0] ?? 0) }
    }

    public var load: Double { Double(sampled.load(ordering: .relaxed)) / 1_000_000 }
}

/// What a tenant has in flight, and who of it. Each step looks its client up once.
private struct TenantFlight: Sendable {
    private(set) var total = 0
    private(set) var clients: [String: Int] = [:]

    /// - Parameters:
    ///   - limit: Of the client.
    ///   - all: Of the tenant, at least 1.
    mutating func enter(
        _ client: String, _ limit: Int, of all: Int
    ) -> AdmissionControl.Refusal? {
        if total >= all {
            let isClient = clients[client] ?? 0 >= limit
            return isClient ? .clientConcurrency(limit: limit) : .tenantConcurrency(limit: all)
        }
        guard Self.take(&clients[client, default: 0], limit) else {
            return .clientConcurrency(limit: limit)
        }
        total += 1
        return nil
    }

    /// The limit is at least 1, so a place is refused only where others are taken.
    private static func take(_ count: inout Int, _ limit: Int) -> Bool {
        if count >= limit { return false }
        count += 1
        return true
    }

    /// Whether nothing is in flight any more.
    mutating func leave(_ client: String) -> Bool {
        guard let place = clients.index(forKey: client) else {
            preconditionFailure("a call leaves once")
        }
        total -= 1
        clients.values[place] -= 1
        if clients.values[place] == 0 { clients.remove(at: place) }
        return total == 0
    }
}

/// A call's place among those in flight. It is given up with the last reference to it, whatever way the
/// call ends: a reply, a refusal, a client that has gone.
final class InFlightSlot: Sendable {
    private let control: AdmissionControl
    private let key: AdmissionControl.Client?

    fileprivate init(_ control: AdmissionControl, _ key: AdmissionControl.Client?) {
        self.control = control
        self.key = key
    }

    deinit { control.leave(key) }
}
