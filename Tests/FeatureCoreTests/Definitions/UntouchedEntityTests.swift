import FeatureCore
import FeatureEngine
import Testing

@Suite struct UntouchedEntityTests {
    @Test("an entity that no event touches is planned, and takes nothing")
    func nothing() throws {
        let plan = DefinitionPlan(
            from: nil,
            to: try SmallDefinitions.compile("entities: {company: {short: co, key: company_id}}"))
        let size = try #require(plan.sizes.first)
        #expect(size.quiet == 0 && size.busy == 0 && !plan.isRefused)
        #expect(!plan.lines(logged: .max).isEmpty)
    }

    @Test("an entity that only a snapshot fills has a state of its size")
    func snapshot() throws {
        let plan = DefinitionPlan(
            from: nil,
            to: try SmallDefinitions.compile(
                """
                entities: {company: {short: co, key: company_id}}
                snapshots: {profile: {entity: company, fields: {size: int, sector: string}}}
                """))
        let size = try #require(plan.sizes.first)
        #expect(size.quiet > 44 && size.quiet == size.busy && size.busy < size.largest)
    }

    @Test("a plan says how long the longest log takes")
    func longLog() throws {
        let text = "entities: {card: {short: card, key: card_id}}\nevents: "
        let aggregate = "\naggregates: {card: {n: {from: payment, count: true, windows: [1h]}}}"
        let before = try SmallDefinitions.compile(
            text + "{payment: {id: id, entities: {card: card_id}}}")
        let after = try SmallDefinitions.compile(
            text + "{payment: {id: id, entities: {card: card_id}}}" + aggregate)
        let lines = DefinitionPlan(from: before, to: after).lines(logged: .max)
        #expect(lines.contains { $0.contains("46116860184274 s of one core") })
    }
}
