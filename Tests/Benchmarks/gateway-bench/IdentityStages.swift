import GatewayCore
import RPC

/// Who calls: API keys, tokens that were seen before, tokens that were not, by algorithm.
enum IdentityStages {
    static func all() throws -> [BenchStage] {
        let signers = try BenchSigner.algorithms.map(BenchSigner.init)
        let gateway = try BenchGateway(signers)
        var stages = [
            key("api key: good", gateway, gateway.key, isGood: true),
            key("api key: wrong secret", gateway, BenchGateway.key(500, secret: 9)),
            key("api key: unknown id", gateway, BenchGateway.key(5000)),
        ]
        for signer in signers {
            stages.append(
                token("token, cached: \(signer.algorithm)", gateway, signer, step: .zero))
        }
        for signer in signers {
            // Each time a minute later: what was found out before is stale.
            stages.append(
                token("token, uncached: \(signer.algorithm)", gateway, signer, step: .seconds(61)))
        }
        return stages
    }

    private static func key(
        _ name: String, _ gateway: BenchGateway, _ key: APIKey, isGood: Bool = false
    ) -> BenchStage {
        let text = Array(key.text.utf8)[...]
        let circumstances = Authenticator.Circumstances(
            wallClock: BenchSigner.now, now: Instant(nanoseconds: 1))
        return BenchStage(name: name) {
            let outcome = gateway.authenticator.authenticate(.apiKey(text), circumstances)
            if case .principal = outcome { return isGood }
            return !isGood
        }
    }

    private static func token(
        _ name: String, _ gateway: BenchGateway, _ signer: BenchSigner, step: Duration
    ) -> BenchStage {
        let text = signer.token[...]
        var now = Instant(nanoseconds: 1_000_000_000)
        return BenchStage(name: name) {
            now = now + step
            let outcome = gateway.authenticator.authenticate(
                .bearer(text), Authenticator.Circumstances(wallClock: BenchSigner.now, now: now))
            if case .principal = outcome { return true }
            return false
        }
    }
}
