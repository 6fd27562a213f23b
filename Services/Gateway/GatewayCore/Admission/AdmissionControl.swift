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

    private struct Counts: Sendable {
        var clients: [Client: Int] = [:]
        var tenants: [String: Int] = [:]
    }

    private final class Part: Sendable {
        let counts = Mutex(Counts())
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
    func share(_ limit: Int) -> Int { max(1, limit / max(1, replicas())) }

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
            let (mine, all) = (share(limits.client), share(limits.tenant))
            let refusal = part(key.tenant).counts.withLock { part -> Refusal? in
                if part.clients[key, default: 0] >= mine { return .clientConcurrency(limit: mine) }
                if part.tenants[key.tenant, default: 0] >= all {
                    return .tenantConcurrency(limit: all)
                }
                part.clients[key, default: 0] += 1
                part.tenants[key.tenant, default: 0] += 1
                return nil
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
        part(key.tenant).counts.withLock { part in
            Self.decrement(&part.clients, key)
            Self.decrement(&part.tenants, key.tenant)
        }
    }

    /// Who has nothing in flight costs no memory.
    private static func decrement<Key>(_ counts: inout [Key: Int], _ key: Key) {
        let left = (counts[key] ?? 0) - 1
        precondition(left >= 0, "a call leaves once")
        counts[key] = left == 0 ? nil : left
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
            sum + part.counts.withLock { $0.clients.count + $0.tenants.count }
        }
    }

    /// Calls in flight of a client on this replica.
    public func inFlight(tenant: String, client: String) -> Int {
        part(tenant).counts.withLock { $0.clients[Client(tenant: tenant, client: client)] ?? 0 }
    }

    public func inFlight(tenant: String) -> Int {
        part(tenant).counts.withLock { $0.tenants[tenant] ?? 0 }
    }

    /// How many calls of each importance were refused because of the load.
    public var shedCounts: [(criticality: Criticality, count: Int)] {
        let counts = shed.withLock { $0 }
        return Criticality.allCases.map { ($0, counts[$0] ?? 0) }
    }

    public var load: Double { Double(sampled.load(ordering: .relaxed)) / 1_000_000 }
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
