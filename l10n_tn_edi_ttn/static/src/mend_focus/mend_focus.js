import { patch } from "@web/core/utils/patch";
import { FormRenderer } from "@web/views/form/form_renderer";
import { onMounted } from "@odoo/owl";

/**
 * A form that is opened to mend one field shows that field: it is scrolled to, marked and takes the focus. The action says
 * which one: context.l10n_tn_edi_mend.
 */
patch(FormRenderer.prototype, {
    setup() {
        super.setup();
        const name = this.props.record.context.l10n_tn_edi_mend;
        if (name && !this.env.inDialog) {
            // After the form's own focus
            onMounted(() => setTimeout(() => this.l10nTnEdiShowField(name), 100));
        }
    },

    l10nTnEdiShowField(name) {
        const field = document.querySelector(`.o_form_view .o_field_widget[name="${CSS.escape(name)}"]`);
        if (field) {
            field.scrollIntoView({ block: "center" });
            field.classList.add("border", "border-danger", "rounded");
            field.querySelector("input, select, textarea, button")?.focus();
        }
    },
});
