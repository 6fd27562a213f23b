import Testing

@testable import GatewayCore

@Suite struct GatewayConfigurationTests {
    /// The complaint about the configuration with one part replaced.
    private func complaint(_ part: String, _ replacement: String) -> String {
        let changed = Fixtures.yaml.replacing(part, with: replacement)
        #expect(changed != Fixtures.yaml, "nothing was replaced")
        return complaint(["/etc/gateway.yaml": changed])
    }

    private func complaint(_ files: [String: String]) -> String {
        do {
            _ = try Fixtures.loader(files).load("/etc/gateway.yaml")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("the example loads, with its plans and its routes")
    func example() throws {
        let snapshot = try Fixtures.snapshot()
        #expect(snapshot.plans.map(\.name) == ["default", "core"])
        #expect(snapshot.routes.routes.count == 3)
        #expect(snapshot.configuration.listeners[0].port == 8443)
        #expect(snapshot.configuration.upstreams.first?.expect.count == 1)
    }

    @Test("a service config may be named; without one there is none")
    func serviceConfig() throws {
        let text = Fixtures.yaml + "\nservice_config: calls.json\n"
        let snapshot = try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
        #expect(snapshot.configuration.serviceConfig == "calls.json")
        #expect(try Fixtures.snapshot().configuration.serviceConfig == nil)
        #expect(complaint("version: 1", "service_config: [1]\nversion: 1").contains("expected"))
    }

    @Test("the default plan is there without being written")
    func defaultPlan() throws {
        let text = Fixtures.yaml.replacing(
            "    default: { client: { limit: 100, period: 60s, burst: 100 } }\n", with: "")
        let snapshot = try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
        let plan = try #require(snapshot.plans.first { $0.name == "default" })
        #expect(plan.name == "default")
    }

    @Test("an unknown key is an error with its place and what was meant")
    func unknownKey() {
        let text = complaint("admin: { port: 9901 }", "admin: { prot: 9901 }")
        #expect(text.hasPrefix("/etc/gateway.yaml:7:10: "), "\(text)")
        #expect(text.contains("unknown key \"prot\", did you mean \"port\"?"))
    }

    @Test("wrong numbers, durations, names and references are errors that name their place")
    func wrongValues() {
        let cases: [(String, String, String)] = [
            ("version: 1", "version: 2", "from 1 to 1"),
            ("port: 8443", "port: 84430", "from 0 to 65535"),
            ("period: 60s", "period: 60", "expected a duration"),
            ("period: 60s", "period: 99999999999s", "expected a duration"),
            ("limit: 100", "limit: -1", "from 1 to"),
            ("limit: 2000", "limit: 2000000", "1,000,000 per second"),
            ("counts: cost", "counts: bytes", "expected requests or cost"),
            ("counts: cost } }", "counts: cost }, criticality: high }", "critical, normal or shed"),
            ("burst: 4000", "burst: 4", "costs 5"),
            ("upstream: risk }", "upstream: rsik }", "no upstream"),
            ("service: assay.risk.v1.RiskAssessment", "service: no.Such", "no schema has"),
            ("suspended: true", "suspended: maybe", "true or false"),
            ("bank/suspended", "bank", "tenant/client"),
            ("admin: { port: 9901 }", "admin: 9901", "expected a mapping"),
            ("{ 1: pepper-1 }", "{}", "at least one pepper"),
            ("{ 1: pepper-1 }", "{ 1: missing }", "cannot be read"),
            ("{ 1: pepper-1 }", "{ 2: pepper-1 }", "there is no pepper 1"),
            ("roles: { assessor:", "roles: { other:", "there is no role"),
            ("    closed: {", "    other: {", "there is no tenant"),
            ("    core: {", "    kern: {", "there is no plan"),
        ]
        for (part, replacement, message) in cases {
            let text = complaint(part, replacement)
            #expect(text.contains(message), "\(replacement): \(text)")
        }
    }

    @Test("key files with doubled or misshapen entries do not load")
    func keyFiles() {
        let good = APIKeyFile(entries: [Fixtures.entry(.normal)]).yaml
        let twice = APIKeyFile(entries: [Fixtures.entry(.normal), Fixtures.entry(.normal)]).yaml
        let cases: [(String, String)] = [
            (twice, "twice"), (good.replacing("mac: \"", with: "mac: \"zz"), "64 hexadecimal"),
            (good.replacing("state: active", with: "state: sleeping"), "active or revoked"),
            (good.replacing("pepper: 1", with: "pepper: 1.5"), "whole number"),
            (good.replacing("- id: ", with: "- id: X"), "12 characters"),
            (good.replacing("tenant: bank", with: "tenant: 'a b'"), "64 characters"),
            ("version: 1\nkeys: {}", "expected a list"), ("", "is empty"),
            ("- 1", "expected a mapping"),
        ]
        for (text, message) in cases {
            let complaint = complaint(["/etc/keys.yaml": text])
            #expect(
                complaint.contains(message) && complaint.hasPrefix("/etc/keys.yaml"), "\(complaint)"
            )
        }
    }

    @Test("a warning names the tenants that may change what is everybody's")
    func warnings() throws {
        func warnings(_ tenants: String) throws -> [String] {
            let text = Fixtures.yaml.replacing(
                "bank: { scopes: [risk.assess, risk.decisions.read] }",
                with: "bank: { scopes: [risk.assess, risk.decisions.read, risk.rules.apply] }"
                    + tenants)
            return try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
                .configuration.warnings.map(\.description)
        }
        func tenant(_ name: String, _ fields: String) -> String {
            "\n    \(name): { \(fields) }"
        }
        #expect(try Fixtures.snapshot().configuration.warnings.isEmpty)
        let other = tenant("other", "scopes: [risk.assess, features.define.apply]")
        #expect(try warnings(other).isEmpty, "one tenant for each is one who answers for it")
        let away = tenant("away", "active: false, scopes: [risk.rules.apply]")
        #expect(try warnings(away).isEmpty, "who is not active changes nothing")
        let both = try warnings(
            other + tenant("third", "scopes: [risk.rules.approve, features.define.apply]"))
        #expect(both.count == 2)
        let rules = try #require(both.first)
        #expect(rules.hasPrefix("/etc/gateway.yaml:16:5: warning: the rules are the same for all"))
        #expect(rules.contains("bank (risk.rules.apply); third (risk.rules.approve)"), "\(rules)")
        #expect(both[1].contains("other (features.define.apply); third (features.define.apply)"))
    }

    @Test("hostile YAML is an error: cut, deep, doubled, endless, not text")
    func hostile() {
        for length in stride(from: 0, to: Fixtures.yaml.utf8.count, by: 7) {
            let cut = String(decoding: Array(Fixtures.yaml.utf8).prefix(length), as: UTF8.self)
            #expect(!complaint(["/etc/gateway.yaml": cut]).isEmpty)
        }
        let texts = [
            String(repeating: "[", count: 100_000), String(repeating: "a: {", count: 50_000),
            String(repeating: "- ", count: 200_000), String(repeating: "x", count: 2 << 20),
            "version: 1\nversion: 1", "a: &a [*a]", "a: *b", "\u{0}", "\u{FEFF}version: 1",
            "a: &a [1,1,1]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]",
        ]
        for text in texts { #expect(!complaint(["/etc/gateway.yaml": text]).isEmpty) }
    }

    @Test("a change of any byte either loads or is an error, never a trap")
    func flips() {
        var random = TestRandom(state: 77)
        let bytes = Array(Fixtures.yaml.utf8)
        var (loaded, refused) = (0, 0)
        for _ in 0..<600 {
            var changed = bytes
            changed[.random(in: 0..<bytes.count, using: &random)] = .random(
                in: 0...255, using: &random)
            let text = complaint(["/etc/gateway.yaml": String(decoding: changed, as: UTF8.self)])
            if text.isEmpty {
                loaded += 1
            } else {
                refused += 1
                #expect(text.contains(": "), "\(text)")
            }
        }
        #expect(loaded > 0 && refused > 0, "\(loaded) loaded, \(refused) refused")
    }
}
