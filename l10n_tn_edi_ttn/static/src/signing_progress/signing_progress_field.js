import { onWillUnmount } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { ProgressBarField, progressBarField } from "@web/views/fields/progress_bar/progress_bar_field";

const SECONDS = 2;

/** A progress bar that reads its record again while the scheduled actions sign its documents. */
export class SigningProgressField extends ProgressBarField {
    setup() {
        super.setup();
        this.timer = setTimeout(() => this.refresh(), SECONDS * 1000);
        onWillUnmount(() => clearTimeout(this.timer));
    }

    async refresh() {
        const { record } = this.props;
        if (record.data.state !== "working") {
            return;
        }
        await record.load();
        this.timer = setTimeout(() => this.refresh(), SECONDS * 1000);
    }
}

registry.category("fields").add("l10n_tn_edi_progress", {
    ...progressBarField,
    component: SigningProgressField,
});
