import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { AgentError, DesktopAgent } from "./desktop_agent";

const POLL_MILLISECONDS = 700;

/**
 * Carries documents from Odoo to the signing agent of this computer, and signature values back. Odoo verifies each value
 * before it stores anything; the agent shows each document and takes the PIN on a page of its own.
 */
export class DesktopSign extends Component {
    static template = "l10n_tn_edi_ttn.DesktopSign";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.params = this.props.action.params;
        this.agent = new DesktopAgent(this.params.port);
        this.state = useState({ step: "connecting", code: "", done: 0, count: 0, signing: false, error: "" });
        this.session = false;
        this.batch = false;
        onMounted(() => this.start());
        onWillUnmount(() => this.leave());
    }

    get percent() {
        return this.state.count ? Math.round((100 * this.state.done) / this.state.count) : 0;
    }

    /** Whatever the agent refuses is told in the user's language; a session that was begun is given back. */
    async guarded(step) {
        try {
            await step();
        } catch (error) {
            if (!(error instanceof AgentError)) {
                this.closed = true;
                this.action.doAction({ type: "ir.actions.act_window_close" });
                throw error;
            }
            if (this.session) {
                await this.finish("desktop_cancel", [error.code, error.params]);
                return;
            }
            this.state.error = await this.call("desktop_sentence", [error.code, error.params]);
            const pairing = ["agent.unpaired", "agent.pairing_code", "agent.pairing_over"].includes(error.code);
            this.state.step = pairing ? (this.state.step === "code" ? "code" : "unpaired") : "error";
        }
    }

    call(method, values) {
        return this.orm.call("l10n_tn_edi.signature.provider", method, [[this.params.provider], ...values]);
    }

    start() {
        return this.guarded(async () => {
            Object.assign(this.state, { step: "connecting", error: "" });
            const { certificates } = await this.agent.ask("/chain", { key: this.params.key });
            if (!this.params.documents) {
                const message = await this.call("desktop_register", [certificates]);
                this.notification.add(message, { type: "success" });
                await this.action.doAction({ type: "ir.actions.act_window_close" });
                await this.action.doAction({ type: "ir.actions.client", tag: "soft_reload" });
                return;
            }
            const begun = await this.call("desktop_begin", [this.params.documents, certificates]);
            this.session = begun.signing;
            const asked = { key: this.params.key, documents: begun.requests };
            this.batch = (await this.agent.ask("/sign", asked)).batch;
            Object.assign(this.state, { step: "desk", count: begun.requests.length });
            await this.follow();
        });
    }

    async follow() {
        while (!this.closed) {
            const report = await this.agent.ask("/report", { batch: this.batch });
            Object.assign(this.state, { done: report.done, signing: report.state === "signing" });
            if (report.results) {
                await this.finish("desktop_finish", [report.results]);
                return;
            }
            await new Promise((resolve) => browser.setTimeout(resolve, POLL_MILLISECONDS));
        }
    }

    async finish(method, values) {
        const session = this.session;
        this.session = this.batch = false;
        this.closed = true;
        this.action.doAction(await this.orm.call("l10n_tn_edi.signing", method, [[session], ...values]));
    }

    askCode() {
        return this.guarded(async () => {
            await this.agent.beginPairing();
            Object.assign(this.state, { step: "code", code: "", error: "" });
        });
    }

    sendCode() {
        return this.guarded(async () => {
            await this.agent.pair(this.state.code);
            await this.start();
        });
    }

    cancel() {
        return this.guarded(() => this.agent.ask("/cancel", { batch: this.batch }));
    }

    /** The dialog was closed: the desk shall not sign any more, and the documents are free again. */
    async leave() {
        this.closed = true;
        if (this.session) {
            const session = this.session;
            this.session = false;
            // An agent that is gone by now signs nothing either
            await this.agent.ask("/cancel", { batch: this.batch }).catch(() => {});
            await this.orm.silent.call("l10n_tn_edi.signing", "desktop_cancel", [[session], "agent.declined", {}]);
        }
    }
}

registry.category("actions").add("l10n_tn_edi_desktop_sign", DesktopSign);
