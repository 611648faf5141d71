/** @odoo-module **/
/*
 * A form that is opened to mend one field shows that field: its tab is opened, it is scrolled to and takes the focus.
 * The action says which one: context.l10n_tn_edi_mend.
 */
import {FormRenderer} from "@web/views/form/form_renderer";
import {onMounted} from "@odoo/owl";
import {patch} from "@web/core/utils/patch";

patch(FormRenderer.prototype, {
    setup() {
        super.setup();
        const name = this.props.record.context.l10n_tn_edi_mend;
        if (name && !this.env.inDialog) {
            onMounted(() => setTimeout(() => this.l10nTnEdiShowField(name), 100));
        }
    },

    l10nTnEdiShowField(name) {
        const field = document.querySelector(`.o_form_view .o_field_widget[name="${CSS.escape(name)}"]`);
        if (field) {
            field.scrollIntoView({block: "center"});
            field.classList.add("border", "border-danger", "rounded");
            field.querySelector("input, select, textarea, button")?.focus();
        }
    },
});
