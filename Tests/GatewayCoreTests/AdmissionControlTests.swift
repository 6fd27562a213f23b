import RPC
import Testing

@testable import GatewayCore

@Suite struct AdmissionControlTests {
    private func principal(_ tenant: String, _ client: String) -> Principal {
        Principal(
            tenant: tenant, client: client, keyID: client, scopes: .none, scopeHeader: "", plan: 0,
            isSuspended: false)
    }

    private func refusal(
        _ control: AdmissionControl, _ principal: Principal?,
        _ limits: GatewayConfiguration.Concurrency = .init(client: 2, tenant: 3),
        _ criticality: Criticality = .normal, capacity: Int = 100,
        keeping slots: inout [InFlightSlot]
    ) -> AdmissionControl.Refusal? {
        do throws(AdmissionControl.Refusal) {
            slots.append(try control.enter(principal, limits, criticality, capacity: capacity))
            return nil
        } catch {
            return error
        }
    }

    @Test("a client and its tenant have their limits, others theirs, and what ends makes room")
    func concurrency() {
        let control = AdmissionControl()
        var slots: [InFlightSlot] = []
        let (a, b) = (principal("bank", "a"), principal("bank", "b"))
        #expect(refusal(control, a, keeping: &slots) == nil)
        #expect(refusal(control, a, keeping: &slots) == nil)
        #expect(refusal(control, a, keeping: &slots) == .clientConcurrency(limit: 2))
        #expect(refusal(control, b, keeping: &slots) == nil)
        #expect(refusal(control, b, keeping: &slots) == .tenantConcurrency(limit: 3))
        #expect(refusal(control, principal("shop", "a"), keeping: &slots) == nil)
        #expect(control.inFlight == 4 && control.inFlight(tenant: "bank") == 3)
        slots.removeFirst()
        #expect(refusal(control, b, keeping: &slots) == nil)
        slots = []
        #expect(control.inFlight == 0 && control.counted == 0)
    }

    @Test("a limit is shared among the replicas, and none has less than one")
    func replicas() {
        let control = AdmissionControl(replicas: { 3 })
        #expect(control.share(20) == 6 && control.share(2) == 1)
    }

    @Test("calls without identity count to the process alone")
    func anonymous() {
        let control = AdmissionControl()
        var slots: [InFlightSlot] = []
        for _ in 0..<50 { #expect(refusal(control, nil, keeping: &slots) == nil) }
        #expect(control.inFlight == 50 && control.counted == 0)
    }

    @Test("load refuses the least important first, and goes on a little below where it began")
    func shedding() {
        var shedder = LoadShedder()
        func shed(_ load: Double) -> [Criticality] {
            shedder.note(load)
            return Criticality.allCases.filter { shedder.sheds($0) }
        }
        #expect(shed(0.69) == [])
        #expect(shed(0.70) == [.sheddable])
        #expect(shed(0.66) == [.sheddable])
        #expect(shed(0.64) == [])
        #expect(shed(0.90) == [.normal, .sheddable])
        #expect(shed(0.81) == [.normal, .sheddable])
        #expect(shed(0.79) == [.sheddable])
        #expect(shed(2) == [.critical, .normal, .sheddable])
        #expect(shed(0.91) == [.critical, .normal, .sheddable])
        #expect(shed(0) == [])
    }

    @Test("a fifth of what may be in flight is for critical calls")
    func share() {
        let control = AdmissionControl()
        var slots: [InFlightSlot] = []
        let wide = GatewayConfiguration.Concurrency(client: 100, tenant: 100)
        func fill(_ criticality: Criticality) -> Int {
            var count = 0
            while count < 50,
                refusal(
                    control, principal("t", "c"), wide, criticality, capacity: 20, keeping: &slots)
                    == nil
            { count += 1 }
            return count
        }
        #expect(fill(.sheddable) == 14)
        #expect(fill(.normal) == 2)
        #expect(fill(.critical) == 3)
        #expect(control.shedCounts.map(\.count) == [1, 1, 1])
    }

    @Test("loop lag, memory and silence are loads")
    func sampling() {
        var sampler = LoadSampler()
        // One late look is a hiccup; the lag that stands through five of them is load.
        for _ in 0..<4 {
            #expect(sampler.load(lag: .milliseconds(40), used: 10, limit: 100) == 0.1)
        }
        #expect(sampler.load(lag: .milliseconds(25), used: 10, limit: 100) == 0.5)
        #expect(sampler.load(lag: nil, used: 10, limit: 100) == 0.5)
        #expect(sampler.load(lag: .zero, used: 90, limit: 100) == 0.9)
        for _ in 0..<4 { _ = sampler.load(lag: nil, used: 0, limit: 0) }
        #expect(sampler.load(lag: nil, used: 0, limit: 0) == 1)
        let control = AdmissionControl()
        var slots: [InFlightSlot] = []
        control.note(load: 0.9)
        #expect(refusal(control, nil, keeping: &slots) == .overloaded)
        let wide = GatewayConfiguration.Concurrency.standard
        #expect(refusal(control, nil, wide, .critical, keeping: &slots) == nil)
    }

    @Test("whatever calls do, in whatever order they end, every count returns to 0")
    func balance() {
        var random = TestRandom(state: 11)
        let control = AdmissionControl()
        var slots: [InFlightSlot] = []
        for _ in 0..<20_000 {
            if Bool.random(using: &random) || slots.isEmpty {
                let who = principal(
                    "t\(Int.random(in: 0..<3, using: &random))",
                    "c\(Int.random(in: 0..<5, using: &random))")
                let before = slots.count
                let refused = refusal(control, who, .init(client: 3, tenant: 8), keeping: &slots)
                #expect((refused == nil) == (slots.count == before + 1))
            } else {
                slots.remove(at: .random(in: slots.indices, using: &random))
            }
            #expect(control.inFlight == slots.count)
        }
        slots = []
        #expect(control.inFlight == 0 && control.counted == 0)
    }

    @Test(
        "the pipeline refuses with CONCURRENCY and OVERLOADED in both faces, and gives its place up"
    )
    func pipeline() throws {
        let text = Fixtures.yaml.replacing(
            "burst: 100 } }", with: "burst: 100 }, concurrency: { client: 1, tenant: 1 } }")
        let snapshot = try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
        let control = AdmissionControl()
        func start(_ head: RequestHead) -> (RequestPipeline, RawReply?) {
            var pipeline = RequestPipeline(
                snapshot: snapshot, limits: GatewayLimits(capacity: 16, seed: 1),
                admission: control)
            let verdict = pipeline.received(head, from: Fixtures.peer, Fixtures.surroundings())
            if case .reject(let reply) = verdict { return (pipeline, reply) }
            return (pipeline, nil)
        }
        let json = Fixtures.head(type: "application/json")
        var first: RequestPipeline? = start(Fixtures.head()).0
        #expect(control.inFlight == 1 && first?.log.reason == "")
        let second = try #require(start(Fixtures.head()).1)
        #expect(RPCError(trailers: second.headers)?.reason == "CONCURRENCY")
        #expect(Int(second.headers["grpc-retry-pushback-ms"] ?? "") ?? 0 >= 100)
        #expect(try #require(start(json).1).status == 429)
        first = nil
        #expect(control.inFlight == 0)
        control.note(load: 1)
        #expect(start(Fixtures.head()).0.log.reason == "OVERLOADED")
        let busy = try #require(start(json).1)
        #expect(busy.status == 503 && busy.headers["retry-after"] == "1")
        #expect(control.inFlight == 0 && control.counted == 0)
    }
}
